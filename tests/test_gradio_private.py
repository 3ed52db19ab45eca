"""What the app uses of Gradio's inside is there as it was, and `hosting/gradio_private.py` alone touches it.

When a test here fails after an update of Gradio, its message names the attribute and what relies on it. Look for its
successor in Gradio's source (`python -c "import gradio; print(gradio.__path__)"`), repair gradio_private.py, run
tests/test_guard.py and tests/test_logs.py, and then raise the version in requirements.txt and README.md.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from gradio import blocks, context, queueing, route_utils, routes, state_holder
from gradio.components import base

from gen_models.app.hosting import gradio_private

APP = Path("gen_models/app")
THE_ONE = APP / "hosting/gradio_private.py"


def broken(what, use):
    """What a test of a new Gradio says."""
    return f"Gradio {gr.__version__}: {what}. gradio_private.{use} relies on it; this file's docstring says what to do."


# ---------------------------------------------------------------------------------------------------------------------
# They are there
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "name", "parameters", "use"),
    [
        (routes.App, "get_blocks", ["self"], "blocks_of"),
        (queueing.Queue, "clean_events", ["self", "session_hash", "event_id"], "forget_messages"),
        (
            gr.Blocks, "preprocess_data",
            ["self", "block_fn", "inputs", "state", "explicit_call"], "WatchedBlocks",
        ),
        (gr.Blocks, "process_api", ["self", "block_fn", ..., "event_id", ...], "WatchedBlocks"),
        (state_holder.SessionState, "__init__", ["self", "blocks"], "LightSession"),
        (state_holder.SessionState, "__getitem__", ["self", "key"], "component_of_session"),
        (state_holder.SessionState, "__contains__", ["self", "key"], "component_of_session"),
        (state_holder.SessionState, "__setitem__", ["self", "key", "value"], "LightSession"),
        (state_holder.SessionState, "_update_config", ["self", "key"], "LightSession"),
        (
            state_holder.SessionState, "_update_value_in_config",
            ["self", "key", "value"], "LightSession",
        ),
        (state_holder.StateHolder, "__init__", ["self"], "LightSessions"),
        (state_holder.StateHolder, "__getitem__", ["self", "session_id"], "LightSessions"),
        (state_holder.StateHolder, "set_blocks", ["self", "blocks"], "keep_light_sessions"),
        (base, "server", ["fn"], "server"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_function_of_gradio_takes_what_it_took(owner, name, parameters, use):
    function = getattr(owner, name, None)
    assert callable(function), broken(f"{owner.__name__}.{name} is gone", use)
    if parameters is None:
        return
    found = list(inspect.signature(function).parameters)
    if ... in parameters:
        wanted = [each for each in parameters if each is not ...]
        fits = [each for each in found if each in wanted] == wanted
    else:
        fits = found == parameters
    assert fits, broken(f"{owner.__name__}.{name} takes {found}, no longer {parameters}", use)


@pytest.fixture(scope="module")
def page():
    """A page of one event, with all that Gradio makes for serving it."""
    with gradio_private.WatchedBlocks() as page:
        text = gr.Textbox()
        text.change(str.upper, text, text, api_name="upper")
    page.queue()
    page.app = routes.App.create_app(page)
    return page


@pytest.mark.parametrize(
    ("attribute", "kind", "use"),
    [
        ("blocks", dict, "components"),
        ("fns", dict, "event_names"),
        ("default_config", blocks.BlocksConfig, "LightSession"),
        ("_queue", queueing.Queue, "unread_messages"),
        ("_queue.pending_event_ids_session", dict, "unfetched_events"),
        ("_queue.pending_messages_per_session", dict, "unread_messages"),
        ("_queue.event_ids_to_events", dict, "WatchedBlocks"),
        ("app.state_holder", state_holder.StateHolder, "keep_light_sessions"),
        ("app.state_holder.session_data", dict, "LightSessions"),
        ("app.state_holder.blocks", gr.Blocks, "LightSessions"),
    ],
)
def test_an_attribute_of_a_page_is_what_it_was(page, attribute, kind, use):
    found = page
    for name in attribute.split("."):
        assert hasattr(found, name), broken(f"a page's {attribute} is gone", use)
        found = getattr(found, name)
    said = f"a page's {attribute} is a {type(found).__name__}, no longer a {kind.__name__}"
    assert isinstance(found, kind), broken(said, use)


def test_what_hangs_on_them_is_there_too(page):
    (fn,) = page.fns.values()
    assert fn.api_name == "upper", broken("a function's api_name is gone", "event_names")
    event = queueing.Event("session", fn, None, None)  # type: ignore[arg-type]
    assert isinstance(event.enqueue_time, float), broken("Event.enqueue_time is gone", "Event")
    session = state_holder.SessionState(page)
    values = getattr(session, "config_values", None)
    assert isinstance(values, dict), broken("SessionState.config_values is gone", "LightSession")
    assert hasattr(context.Context, "root_block"), broken(
        "Context.root_block is gone", "unload_of_page"
    )
    assert route_utils.API_PREFIX == "/gradio_api", broken("the API has moved", "API_PREFIX")


def test_each_name_of_the_module_is_used_and_documented():
    source = "\n".join(p.read_text("utf-8") for p in APP.rglob("*.py"))
    for name in gradio_private.__all__:
        assert len(re.findall(rf"\b{name}\b", source)) >= 2, name
        if name not in ("API_PREFIX", "server"):
            assert getattr(gradio_private, name).__doc__, name


# ---------------------------------------------------------------------------------------------------------------------
# They work
# ---------------------------------------------------------------------------------------------------------------------


def test_a_page_is_known_by_its_components_and_events(page):
    assert gradio_private.blocks_of(page.app) is page
    assert gr.Textbox in map(type, gradio_private.components(page.app).values())
    (number,) = gradio_private.event_numbers(page)
    assert number in page.fns
    assert gradio_private.event_names(page) == {"upper"}


def test_a_server_function_is_one_that_was_declared_so():
    class Control:
        _id = 1

        @gradio_private.server
        def answer(self, value):
            return value

        def secret(self, value):
            return value

    assert gradio_private.server_function(Control(), "answer") is not None
    for name in ("secret", "_id", "nothing"):
        assert gradio_private.server_function(Control(), name) is None
    assert gradio_private.server_function(None, "answer") is None


def test_without_a_page_nothing_is_unloaded():
    def leave(request: gr.Request):
        pass

    gradio_private.unload_of_page(leave)
    with gr.Blocks() as page:
        gradio_private.unload_of_page(leave)
    assert len(page.fns) == 1


# ---------------------------------------------------------------------------------------------------------------------
# In one place
# ---------------------------------------------------------------------------------------------------------------------

INSIDE = {
    "blocks_config", "clean_events", "config_for_block", "config_values", "default_config", "enqueue_time",
    "event_ids_to_events", "fns", "get_blocks", "pending_event_ids_session", "pending_messages_per_session",
    "preprocess_data", "process_api", "root_block", "server_app", "session_data", "set_blocks", "state_data",
    "state_holder", "validate_inputs", "postprocess_data", "call_function", "get_config_file", "server_fns",
}  # fmt: skip
"""Names of Gradio's that begin with no underscore and are documented nowhere."""
PUBLIC = {"gradio", "gradio.themes", "gradio.themes.utils"}
"""Modules whose names are documented."""


def own_names(tree: ast.AST) -> set[str]:
    """Names with an underscore that a module itself gives: self._x = ..., def _x, _x: ..."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found


def touches(source: str, ours: set[str]) -> Iterator[str]:
    """Every place where a module reaches into Gradio, as "line: what"."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        for name in names:
            if name.partition(".")[0] == "gradio" and name not in PUBLIC:
                yield f"{node.lineno}: {name}"
        if isinstance(node, ast.Attribute):
            hidden = node.attr.startswith("_") and not node.attr.endswith("__")
            if node.attr in INSIDE or (hidden and node.attr not in ours):
                yield f"{node.lineno}: .{node.attr}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in INSIDE:
            yield f"{node.lineno}: def {node.name}"
        elif isinstance(node, ast.Constant) and node.value in {*INSIDE, "_is_server_fn", "_queue"}:
            yield f"{node.lineno}: {node.value!r}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node).endswith("get_blocks().blocks"):
            yield f"{node.lineno}: .blocks"


@pytest.mark.parametrize(
    "source",
    [
        "from gradio.queueing import Queue",
        "import gradio.routes",
        "page._queue",
        "self._queue",
        "page.fns",
        "app.get_blocks()",
        "getattr(function, '_is_server_fn', False)",
        "class A(gr.Blocks):\n    async def process_api(self): ...",
    ],
)
def test_a_touch_is_seen(source):
    assert list(touches(source, set())), source


@pytest.mark.parametrize(
    "source",
    [
        "import gradio as gr",
        "from gradio.themes import Base",
        "gr.api(f, api_name='f')",
        "self._own",
        "super().__init__()",
    ],
)
def test_what_is_none_is_not(source):
    assert list(touches(source, {"_own"})) == []


def test_no_other_module_of_the_app_touches_gradios_inside():
    trees = {path: path.read_text("utf-8") for path in (*APP.rglob("*.py"), Path("app.py"))}
    assert len(trees) > 40
    ours = {path: own_names(ast.parse(source)) for path, source in trees.items()}
    every = set().union(*(names for path, names in ours.items() if path != THE_ONE))
    assert not every & {"_queue", "_id"}, "a name of Gradio's own: call it something else"
    found = [
        f"{path}:{touch}"
        for path, source in trees.items()
        if path != THE_ONE
        for touch in touches(source, every)
    ]
    assert found == []
    assert list(touches(THE_ONE.read_text("utf-8"), set()))
