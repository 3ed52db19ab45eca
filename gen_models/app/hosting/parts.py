"""Parts of the page that a first visit leaves out: each experiment comes when its tab is first opened.

Gradio's page prepares every component and event of the app before it shows one, and an app of many experiments waits
long for those that nobody has asked for. Here the page begins without them: `place` marks where an experiment goes, and
`take_out` cuts what is in it out of the page's configuration. When a tab is opened, parts.js sends its name through the
event of `bringer`; the answer carries the part as Gradio sends what `gr.render` draws. On the server nothing differs:
all components and events are there from the start, for every client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from gen_models.app.hosting import gradio_private
from gen_models.app.hosting.logs import LoggedBlocks
from gen_models.errors import UserError

SCRIPT = (Path(__file__).parent / "parts.js").read_text("utf-8")
"""For `first_load.FirstLoad`."""
EVENT = "bring"
PLACE = "part-"
"""Before the name of a part, in the elem_id of its place."""
AWAITS = "ll-awaits-"
"""Before the number of live controls that a part shows, in a class of its place."""
LIVE = '<div class="ll-live" '
"""How the template of each begins: `controls.template`."""
NO_SUCH_PART = "There is no such experiment."

Config = dict[str, Any]
"""Gradio's configuration of a page, as its JSON."""


def place(name: str) -> gr.Column:
    """Lay out where a part of the page goes; what is laid out `with` it is that part."""
    return gr.Column(elem_id=PLACE + name, elem_classes="ll-part")


def bringer(names: Sequence[str]) -> None:
    """Lay out the event by which the page asks for one of these parts; nothing of it is seen."""

    def bring(name: str) -> str:
        if name not in names:
            raise UserError(NO_SUCH_PART)
        return name

    asked = gr.HTML(
        html_template=f'<span data-parts="{escape(" ".join(names))}"></span>',
        js_on_load="LatentLab.parts.start(element.firstElementChild, {props, trigger})",
        apply_default_css=False,
        elem_classes="ll-unseen",
    )
    asked.input(
        bring,
        asked,
        asked,
        queue=False,
        trigger_mode="multiple",
        show_progress="hidden",
        api_name=EVENT,
        api_visibility="private",
    )


class PartedBlocks(LoggedBlocks):
    """Blocks that answer the event of `bringer` with a part of the page."""

    parts: Mapping[str, Config] = {}
    """By name, as `take_out` gives them; none for a page that has everything."""

    async def answered(
        self, event: gradio_private.Event, answer: Awaitable[dict[str, Any]]
    ) -> dict[str, Any]:
        """One event, from its inputs to its outputs."""
        output = await super().answered(event, answer)
        if event.name == EVENT and (part := self.parts.get(output["data"][0])):
            gradio_private.add_part(output, part)
        return output


def give(blocks: gr.Blocks, parts: Mapping[str, Config]) -> None:
    """Let an app send what was taken out of its page."""
    if isinstance(blocks, PartedBlocks):
        blocks.parts = parts


def take_out(config: Config) -> dict[str, Config]:
    """Empty every `place` of a page's configuration, and return what was there by name, ready to be sent.

    Raises:
        ValueError: an event joins a part with the rest of the page, so that neither can come without the other.
    """
    components = {each["id"]: each for each in config["components"]}
    _settle_interactive(config)
    parts: dict[str, Config] = {}
    owner: dict[int, str] = {}
    layouts = (config["layout"], *(page["layout"] for page in config["page"].values()))
    for layout in layouts:
        for node in _places(layout, components):
            name = components[node["id"]]["props"]["elem_id"].removeprefix(PLACE)
            inside = [number for child in node["children"] for number in _numbers(child)]
            owner.update((number, name) for number in inside)
            parts[name] = {
                "render_id": node["id"],
                "layout": dict(node),
                "components": [components[number] for number in (node["id"], *inside)],
                "dependencies": [],
            }
            node["children"] = []
    for part in parts.values():
        props = part["components"][0]["props"]
        props["elem_classes"] = [
            *props["elem_classes"],
            f"{AWAITS}{_live(part['layout'], components)}",
        ]
    owner_of_event: dict[int, str | None] = {}
    for event in config["dependencies"]:
        name = owner_of_event[event["id"]] = _owner(event, owner, owner_of_event)
        if name is not None:
            parts[name]["dependencies"].append(event)
    config["components"] = [each for each in config["components"] if each["id"] not in owner]
    kept = [each for each in config["dependencies"] if owner_of_event[each["id"]] is None]
    config["dependencies"] = kept
    for page in config["page"].values():
        page["components"] = [each for each in page["components"] if each not in owner]
        page["dependencies"] = [each for each in page["dependencies"] if not owner_of_event[each]]
    return parts


def _settle_interactive(config: Config) -> None:
    """Say of each component whether it can be operated, which Gradio's page concludes from all the events it knows."""
    inputs = {number for event in config["dependencies"] for number in event["inputs"]}
    outputs = {number for event in config["dependencies"] for number in event["outputs"]}
    for each in config["components"]:
        if each["props"].get("interactive") is None:
            number = each["id"]
            empty = each["props"].get("value") in (None, "", 0, False, [])
            each["props"]["interactive"] = number in inputs or (number not in outputs and empty)


def _places(node: Config, components: Mapping[int, Config]) -> Iterator[Config]:
    """The places below a node of the layout."""
    for child in node.get("children", ()):
        if str(components[child["id"]]["props"].get("elem_id")).startswith(PLACE):
            yield child
        else:
            yield from _places(child, components)


def _numbers(node: Config) -> Iterator[int]:
    """Ids of a node of the layout and of all below it."""
    yield node["id"]
    for child in node.get("children", ()):
        yield from _numbers(child)


def _live(node: Config, components: Mapping[int, Config]) -> int:
    """How many live controls there are at a node of the layout and below it, but for what is closed or not shown."""
    props = components[node["id"]]["props"]
    if props.get("visible", True) is not True or props.get("open") is False:
        return 0
    below = sum(_live(child, components) for child in node.get("children", ()))
    return below + (LIVE in (props.get("html_template") or ""))


def _owner(
    event: Config, owner: Mapping[int, str], owner_of_event: Mapping[int, str | None]
) -> str | None:
    """The part that an event belongs to; None for the page itself."""
    targets = {number for number, _ in event["targets"] if number is not None}
    owners = {owner.get(number) for number in {*event["inputs"], *event["outputs"], *targets}}
    if event["trigger_after"] is not None:
        owners.add(owner_of_event[event["trigger_after"]])
    if len(owners) > 1:
        raise ValueError(f"event {event['api_name']} joins parts of the page: {owners}")
    return owners.pop() if owners else None
