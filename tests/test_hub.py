"""Models on the Hub: pushed to a stub of it, pulled from it and from `olah`, refused where they should be."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import hubs
import pytest
import toys
from gradio_client import Client
from huggingface_hub import ModelCard, constants
from PIL import Image

from gen_models import app, cards, files, hub, model_readme, runtime
from gen_models.app.chapters import CHAPTERS
from gen_models.app.hosting.hub_models import Repositories
from gen_models.errors import UserError
from gen_models.families import MetricId
from gen_models.hub import HubError, Source

pytestmark = pytest.mark.serial  # bounds how long the app may wait

REPO = "me/toy"


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Point huggingface_hub at an address, with an empty cache of its own."""

    def at(url, token=None):
        files = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        if token:
            monkeypatch.setenv("HF_TOKEN", token)

    return at


@pytest.fixture
def stub(use):
    with hubs.Stub().running() as running:
        use(running.url, "writer")
        yield running


@pytest.fixture
def export(tmp_path):
    """An export with all that one can have: graphs, pictures, numbers."""
    model = toys.heads(tmp_path / "made", "toy-heads")
    with Image.open(model.folder / "examples.png") as examples:
        examples.save(model.folder / "preview.webp")
    return model.folder


def fetch(repo=REPO, revision="main"):
    return hub.fetch(Source(repo, revision), lambda words: None)


def never(question):
    raise AssertionError(f"was asked: {question}")


def command(stub_url, tmp_path, *arguments, token="writer"):
    """Run `python -m gen_models.hub` as its users do; gives (exit status, stdout, stderr)."""
    environment = os.environ | {
        "HF_ENDPOINT": stub_url, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": token,
        "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
    }  # fmt: skip
    line = [sys.executable, "-m", "gen_models.hub", *map(str, arguments)]
    return subprocess.Popen(
        line, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def rewrite(folder, **changes):
    """Change the card of an export, past all checks."""
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


##### Names


def test_a_repository_is_named_with_or_without_a_revision():
    assert hub.parse(" me/toy ") == Source("me/toy", "main")
    assert hub.parse("me/toy@v1.2") == Source("me/toy", "v1.2")
    assert str(hub.parse("me/toy")) == "me/toy"
    assert str(hub.parse("me/toy@v1.2")) == "me/toy@v1.2"


@pytest.mark.parametrize(
    "text", ["", "toy", "a/b/c", "me/toy@", "me/toy@a@b", "me/..", "me/toy@../x", "me/t y", "/toy", "me/töy"]
)  # fmt: skip
def test_what_is_no_repository_gives_one_sentence(text):
    with pytest.raises(HubError, match=r"is not user/repo or user/repo@revision\.$"):
        hub.parse(text)


##### Push


def test_a_push_uploads_the_export_and_nothing_else(stub, export):
    (export / "notes.txt").write_text("mine")
    (export / ".env").write_text("HF_TOKEN=secret")
    (export / "old.onnx").write_bytes(b"of another training")
    address = hub.push(export, REPO, False, lambda question: True)
    assert address == f"{stub.url}/{REPO}"
    uploaded = stub.repos[REPO][-1]
    graphs = {"encoder.onnx", "decoder.onnx", "directions.onnx", "attributes.onnx"}
    pictures = {"preview.webp", "examples.png"}
    assert uploaded.keys() == {".gitattributes", "card.json", "README.md", *graphs, *pictures}
    for name in ("card.json", *graphs, *pictures):
        assert uploaded[name] == (export / name).read_bytes()


def test_the_model_card_has_licence_data_and_numbers_as_the_hub_reads_them(stub):
    folder = Path("exported/vae-digits-2d")
    hub.push(folder, REPO, False, lambda question: True)
    page = ModelCard(stub.repos[REPO][-1]["README.md"].decode())
    card = cards.load(folder / "card.json")
    assert page.data.license == "cc-by-sa-3.0"
    assert page.data.library_name == "onnxruntime"
    assert "vae" in page.data.tags
    numbers = {result.metric_type: result for result in page.data.eval_results}
    assert {key: result.metric_value for key, result in numbers.items()} == {
        key: metric.value for key, metric in card.metrics.items()
    }
    assert {result.dataset_name for result in numbers.values()} == {card.dataset.title}
    assert numbers["kl"].metric_args["command"] == card.metric(MetricId.KL).command
    assert "![preview](preview.webp)" in page.text
    assert f"pull {REPO}" in page.text
    assert card.limitations in page.text


def test_every_committed_model_has_a_page_that_the_hub_can_read():
    for path in Path("exported").glob("*/card.json"):
        card = cards.load(path)
        page = ModelCard(str(hub.model_card(card, REPO)))
        assert page.data.license != "other" or page.data.license_name, card.name
        assert len(page.data.eval_results or []) == len(card.metrics)


def test_a_public_repository_is_made_only_after_a_yes(stub, export):
    asked = []
    with pytest.raises(HubError, match="Nothing was uploaded"):
        hub.push(export, REPO, False, lambda question: bool(asked.append(question)))
    assert asked == [
        f"{REPO} will be public, with the licence of its data: public domain. So will be its images, of Toy heads: "
        "examples.png, preview.webp. Is that right?"
    ]
    assert REPO not in stub.repos


def test_with_nobody_to_answer_nothing_is_uploaded(stub, export, tmp_path):
    run = command(stub.url, tmp_path, "push", export, REPO)
    assert run.communicate()[1] == "error: Nothing was uploaded.\n"
    assert run.returncode == 2
    assert REPO not in stub.repos
    run = command(stub.url, tmp_path, "push", export, REPO, "--yes")
    assert run.communicate()[0] == f"{stub.url}/{REPO}\n"
    assert "card.json" in stub.repos[REPO][-1]
    assert REPO not in stub.private


def test_own_images_get_into_a_public_repository_only_after_a_yes_and_without_paths(stub, export):
    hub.push(export, REPO, False, lambda question: True)
    hub.push(export, REPO, False, never)
    raw = json.loads((export / "card.json").read_text())
    raw["dataset"] |= {"recipe": "folder:/home/jane/pictures/cats", "title": "Cats"}
    raw["training"]["command"] = (
        "python -m training.vae --name toy-heads --data folder:/home/jane/pictures/cats --runs /home/jane/runs"
    )
    raw["config"] = {"data": "folder:/home/jane/pictures/cats", "exported": "/home/jane/x"}
    rewrite(export, **raw)
    asked = []
    with pytest.raises(HubError, match="Nothing was uploaded"):
        hub.push(export, REPO, False, lambda question: bool(asked.append(question)))
    assert "its images, of Cats: examples.png, preview.webp" in asked[0]
    hub.push(export, REPO, False, lambda question: True)
    now = stub.repos[REPO][-1]
    assert b"jane" not in now["card.json"] + now["README.md"]
    assert b"--data folder:cats" in now["card.json"]


def test_a_private_repository_is_made_without_asking(stub, export):
    hub.push(export, REPO, True, never)
    assert REPO in stub.private


def test_a_second_push_replaces_the_model_and_takes_away_what_it_no_longer_has(stub, export):
    hub.push(export, REPO, True, never)
    card = cards.load(export / "card.json")
    facts = dataclasses.replace(card.facts, attributes=())
    graphs = {role: card.graphs[role] for role in facts.graphs()}
    metrics = {MetricId.KL: card.metric(MetricId.KL)}
    less = dataclasses.replace(card, facts=facts, graphs=graphs, metrics=metrics, summary="Less.")
    less.save(export)
    hub.push(export, REPO, False, never)
    now = stub.repos[REPO][-1]
    assert "attributes.onnx" not in now
    assert b"Less." in now["card.json"]
    assert now.keys() >= {"decoder.onnx", "preview.webp", ".gitattributes"}


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ({"model.safetensors": b"0"}, "holds 'model.safetensors', which is no part of an export"),
        ({"card.json": None}, "holds another model, other-heads: choose another repository"),
    ],
)
def test_a_repository_that_holds_something_else_is_left_as_it_is(stub, export, tmp_path, there, sentence):  # fmt: skip
    other = toys.heads(tmp_path / "made", "other-heads").folder / "card.json"
    before = {name: content or other.read_bytes() for name, content in there.items()}
    stub.put(REPO, before)
    with pytest.raises(HubError, match=sentence):
        hub.push(export, REPO, False, never)
    assert stub.repos[REPO] == [before]


def test_a_damaged_export_is_not_pushed(stub, export):
    (export / "decoder.onnx").write_bytes(b"damaged")
    with pytest.raises(HubError, match=r"decoder\.onnx is missing or is not the file"):
        hub.push(export, REPO, True, never)
    assert stub.repos == {}


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "Log in first: `hf auth login`, or set HF_TOKEN."),
        ("wrong", "The Hub does not accept your token: log in again with `hf auth login`, or set HF_TOKEN."),
        ("reader", f"Your token does not allow this for {REPO}."),
    ],
)  # fmt: skip
def test_a_token_that_will_not_do_gives_one_sentence(stub, export, tmp_path, token, sentence):
    run = command(stub.url, tmp_path, "push", export, REPO, "--private", token=token)
    assert run.communicate() == ("", f"error: {sentence}\n")
    assert run.returncode == 2
    assert stub.repos == {}


##### Pull


def test_what_was_pushed_comes_back_the_same(stub, export, tmp_path):
    hub.push(export, REPO, True, never)
    run = command(stub.url, tmp_path, "pull", REPO, "--to", tmp_path / "pulled")
    out, err = run.communicate()
    assert (run.returncode, err) == (0, "")
    commit = hubs.sha(stub.repos[REPO][-1])
    assert f"toy-heads of {REPO}, commit {commit[:7]}" in out
    assert_same(export, tmp_path / "pulled" / "toy-heads")


def assert_same(one, two):
    assert {p.name for p in one.iterdir()} == {p.name for p in two.iterdir()}
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_a_committed_model_is_pulled_from_a_real_download_server(use, tmp_path):
    folder = Path("exported/gan-fashion")  # has a film
    repo = tmp_path / "olah" / "models" / "me" / "gan"
    shutil.copytree(folder, repo)
    hubs.commit(repo)
    with hubs.olah(tmp_path / "olah") as url:
        use(url)
        target = hub.install(fetch("me/gan"), tmp_path / "pulled")
        today = tmp_path / "today"  # the committed README may be of an earlier version
        shutil.copytree(folder, today)
        page = model_readme.render(cards.load(folder / "card.json"))
        (today / "README.md").write_text(page, "utf-8")
        assert_same(today, target)
        with pytest.raises(HubError, match="There is no repository me/none on the Hub"):
            fetch("me/none")
    # The server is gone: what was fetched is still there to use.
    export = hub.cached(Source("me/gan"))
    assert export is not None
    z = runtime.Model(export.card, export.folder)
    assert z.check() is None


def test_a_tag_and_a_commit_can_be_pulled(stub, export):
    first = stub.put_folder(REPO, export)
    rewrite(export, summary="Second.")
    second = stub.put_folder(REPO, export)
    assert fetch(revision=first).card.summary != "Second."
    assert fetch().commit == second
    with pytest.raises(HubError, match=f"{REPO} has no such revision"):
        fetch(revision="nightly")


@pytest.mark.parametrize(
    "name",
    ["model.pt", "weights.pkl", "script.py", "run.sh", "sub/decoder.onnx", "../card.json", ".hidden.json", "ONNX"],
)  # fmt: skip
def test_a_repository_with_any_other_file_is_refused_before_it_is_downloaded(stub, export, name):
    files = {path.name: path.read_bytes() for path in export.iterdir()}
    stub.put(REPO, files | {name: b"0"})
    with pytest.raises(HubError, match="which is no part of an export: it is refused"):
        fetch()
    assert not [call for call in stub.calls if "resolve" in call]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"schema": cards.SCHEMA + 1},
            f"card schema {cards.SCHEMA + 1}, and this version reads schema",
        ),
        ({"family": "virus"}, "is of an unknown family"),
        ({"name": "../../etc"}, "has a name that no model may have"),
        ({"name": "a b"}, "has a name that no model may have"),
        ({"name": ["toy"]}, "is damaged: name: "),
        ({"graphs": 3}, "is damaged"),
        ({"summary": 3}, "is damaged"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(stub, export, change, sentence):
    rewrite(export, **change)
    stub.put_folder(REPO, export)
    with pytest.raises(UserError, match=sentence) as caught:
        fetch()
    assert str(caught.value).startswith(f"{REPO}/card.json")


def test_a_card_of_schema_1_is_converted_while_it_is_read(stub, export, tmp_path):
    raw = json.loads((export / "card.json").read_text())
    for part, names in (
        ("dataset", ("recipe", "size", "channels")),
        ("training", ("seed", "batch")),
    ):
        for name in names:
            del raw[part][name]
    del raw["facts"]
    config = {"data": "heads", "seed": 0, "batch": 64, "likelihood": "normal", "beta": 1.0}
    old = {"separation/smile": raw["metrics"]["attribute_auroc/smile"], "KL": raw["metrics"]["kl"]}
    raw |= {"schema": 1, "config": config, "metrics": old, "labels": [], "channels": []}
    (export / "card.json").write_text(json.dumps(raw))
    stub.put_folder(REPO, export)
    card = cards.load(hub.install(fetch(), tmp_path / "pulled") / "card.json")
    assert card.facts == toys.heads(tmp_path / "again", "toy-heads").card.facts
    assert card.metrics.keys() == {"attribute_auroc/smile", "kl"}


@pytest.mark.parametrize("file", ["../decoder.onnx", "/etc/passwd", "decoder.png", "", "a/b.onnx"])
def test_a_card_may_name_graphs_beside_it_only(stub, export, file):
    graphs = json.loads((export / "card.json").read_text())["graphs"]
    graphs["decoder"]["file"] = file
    rewrite(export, graphs=graphs)
    stub.put_folder(REPO, export)
    with pytest.raises(UserError, match="names"):
        fetch()


def test_a_graph_that_is_not_the_cards_is_refused(stub, export, tmp_path):
    files = {path.name: path.read_bytes() for path in export.iterdir()}
    stub.put(REPO, files | {"decoder.onnx": files["encoder.onnx"]})
    run = command(stub.url, tmp_path, "pull", REPO, "--to", tmp_path / "pulled")
    sentence = f"{REPO}/decoder.onnx is not the file its card describes: the model is refused."
    assert run.communicate()[1] == f"error: {sentence}\n"
    assert not (tmp_path / "pulled").exists()
    assert hub.cached(Source(REPO)) is None


def test_a_graph_that_the_repository_lacks_is_missed(stub, export):
    (export / "decoder.onnx").unlink()
    stub.put_folder(REPO, export)
    with pytest.raises(HubError, match=r"decoder\.onnx is missing: the model is refused"):
        fetch()


def test_a_repository_without_a_card_is_no_model(stub):
    stub.put(REPO, {"README.md": b"# Hello"})
    with pytest.raises(HubError, match=r"holds no card\.json"):
        fetch()


def test_what_is_damaged_on_this_disk_is_fetched_again(stub, export):
    stub.put_folder(REPO, export)
    first = fetch()
    (first.folder / "decoder.onnx").resolve().write_bytes(b"a bad sector")
    assert hub.cached(Source(REPO)) is None
    again = fetch()
    assert (again.folder / "decoder.onnx").read_bytes() == (export / "decoder.onnx").read_bytes()


def test_an_update_that_is_not_whole_leaves_the_former_version_in_use(stub, export):
    first = stub.put_folder(REPO, export)
    fetch()
    (export / "decoder.onnx").write_bytes(b"tampered")
    stub.put_folder(REPO, export)
    with pytest.raises(HubError):
        fetch()
    held = hub.cached(Source(REPO))
    assert held is not None
    assert held.commit == first


def test_a_download_that_is_killed_half_way_leaves_no_model_and_can_be_repeated(stub, export, tmp_path):  # fmt: skip
    stub.put_folder(REPO, export)
    stub.stall.set()
    run = command(stub.url, tmp_path, "pull", REPO, "--to", tmp_path / "pulled")
    assert stub.half_way.wait(30)
    run.kill()
    run.communicate()
    stub.stall.clear()
    assert cards.discover(tmp_path / "pulled") == ([], [])
    assert hub.cached(Source(REPO)) is None
    run = command(stub.url, tmp_path, "pull", REPO, "--to", tmp_path / "pulled")
    assert run.communicate()[1] == ""
    assert_same(export, tmp_path / "pulled" / "toy-heads")


def test_a_local_model_is_not_overwritten_unless_asked(stub, export, tmp_path):
    stub.put_folder(REPO, export)
    fetched = fetch()
    root = tmp_path / "local"
    mine = toys.heads(root, "toy-heads", k=8).folder
    before = (mine / "card.json").read_bytes()
    with pytest.raises(HubError, match="is there already and is another model"):
        hub.install(fetched, root)
    assert (mine / "card.json").read_bytes() == before
    hub.install(fetched, root, replace=True)
    assert_same(export, mine)
    hub.install(fetched, root)  # the same again is nothing to ask about
    assert [path.name for path in root.iterdir()] == ["toy-heads"]


@pytest.mark.parametrize("what", ["nowhere", "private", "no-network", "wrong-token", "offline"])
def test_what_stands_in_the_way_is_said_in_one_sentence(stub, use, export, monkeypatch, what):
    stub.put_folder(REPO, export)
    sentence = f"There is no repository {REPO} on the Hub, or it is private and your token may not read it."
    if what == "nowhere":
        stub.repos.clear()
    elif what == "private":
        stub.private.add(REPO)
        use(stub.url)
    elif what == "no-network":
        url = f"http://127.0.0.1:{hubs.free_port()}"
        use(url)
        sentence = f"The Hub ({url}) cannot be reached."
    elif what == "wrong-token":
        use(stub.url, "wrong")
        sentence = "The Hub does not accept your token: log in again with `hf auth login`, or set HF_TOKEN."
    else:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        sentence = "HF_HUB_OFFLINE is set, so the Hub is not asked."
    started = time.monotonic()
    with pytest.raises(HubError) as caught:
        fetch()
    assert str(caught.value) == sentence
    assert time.monotonic() - started < 10


##### The app


def models_of(wanted, local=()):
    repositories = Repositories(wanted)
    return repositories, repositories.models(local, partial(app.lay_out, CHAPTERS))


def settle(repositories):
    for each in repositories.items:
        each.wait(30)
    assert repositories.settled


def ours(caplog):
    """Records of the app; the Hub's library has its own."""
    return [record for record in caplog.records if record.name.startswith("gen_models")]


def test_a_hosted_model_stands_beside_the_local_ones_and_answers(stub, export, tmp_path, monkeypatch):  # fmt: skip
    stub.put_folder(REPO, export)
    root = tmp_path / "exported"
    toys.heads(root, "local-heads")
    monkeypatch.setenv("LATENT_MODELS", REPO)
    demo = app.build(root)
    options = app.launch_options() | {"server_port": None, "prevent_thread_lock": True}
    _, url, _ = demo.launch(**options, quiet=True)
    try:
        client = Client(url, verbose=False)
        facts, preview, graphs, _ = client.predict("toy-heads", api_name="/models_card")
        assert cards.load(export / "card.json").summary in facts
        assert preview
        assert "decoder" in graphs
        assert "| decoder |" in client.predict("toy-heads", api_name="/models_latency")
        health = (
            client.httpx_client.get(f"{url}healthz") if hasattr(client, "httpx_client") else None
        )
        assert health is None or health.json()["models"] == ["local-heads", "toy-heads"]
    finally:
        demo.close()
    shown = "\n".join(str(getattr(block, "value", "")) for block in demo.blocks.values())
    assert (
        f"`{REPO}`: shown as **toy-heads**, commit {hubs.sha(stub.repos[REPO][-1])[:7]}." in shown
    )
    assert cards.discover(root)[0][0].name == "local-heads"
    assert len(list(root.iterdir())) == 1  # nothing was written among the local ones


def test_a_name_that_is_taken_gets_the_users_in_front(stub, export):
    for repo in ("ann/heads", "bob/heads", "bob/again"):
        stub.put_folder(repo, export)
    local = [runtime.Model(cards.load(export / "card.json"), export)]
    repositories, found = models_of("ann/heads, bob/heads,bob/again", local)
    settle(repositories)
    assert [model.card.name for model in found] == ["ann/toy-heads", "bob/toy-heads"]
    assert [model.check() for model in found] == [None, None]
    assert repositories.lines[2] == "`bob/again`: another model of bob is called toy-heads already."


def test_without_a_network_the_cache_is_used_and_the_page_says_so(stub, use, export):
    stub.put_folder(REPO, export)
    models_of(REPO)
    use(f"http://127.0.0.1:{hubs.free_port()}")
    repositories, found = models_of(REPO)
    settle(repositories)
    assert [model.card.name for model in found] == ["toy-heads"]
    (line,) = repositories.lines
    assert "shown as **toy-heads**" in line
    assert line.endswith("cannot be reached.")
    assert "from the cache: The Hub" in line


def test_without_a_network_and_a_cache_the_page_and_the_log_say_so(use, caplog):
    url = f"http://127.0.0.1:{hubs.free_port()}"
    use(url)
    repositories, found = models_of(REPO)
    settle(repositories)
    assert found == []
    assert repositories.lines == [f"`{REPO}`: The Hub ({url}) cannot be reached."]
    (record,) = ours(caplog)
    assert record.getMessage() == f"{REPO}: The Hub ({url}) cannot be reached."


def test_a_slow_hub_does_not_hold_up_the_start(stub, export):
    stub.put_folder(REPO, export)
    stub.delay = 1.5
    started = time.monotonic()
    repositories, found = models_of(f"{REPO},me/other")
    assert time.monotonic() - started < 2.5
    assert found == []
    assert repositories.lines[0] == f"`{REPO}`: being fetched, asking the Hub."
    assert not repositories.settled
    stub.delay = 0
    settle(repositories)
    assert repositories.lines[0] == f"`{REPO}`: has arrived; start the app again to see it."
    assert "There is no repository me/other" in repositories.lines[1]
    # The next start has it at once, and a newer version that comes late is announced.
    stub.delay = 1.5
    rewrite(export, summary="Newer.")
    newer = stub.put_folder(REPO, export)
    repositories, found = models_of(REPO)
    assert [model.card.summary != "Newer." for model in found] == [True]
    assert "from the cache: asking the Hub." in repositories.lines[0]
    stub.delay = 0
    settle(repositories)
    assert f"commit {newer[:7]} has arrived: start the app again" in repositories.lines[0]


def test_a_line_that_may_change_is_asked_for_until_all_is_settled(stub, export, tmp_path, monkeypatch):  # fmt: skip
    stub.put_folder(REPO, export)
    stub.delay = 1.5
    monkeypatch.setenv("LATENT_MODELS", REPO)
    demo = app.build(tmp_path / "none")
    (tick,) = [fn for fn in demo.fns.values() if fn.api_name == "models_hub"]
    text, clock = tick.fn()
    assert "being fetched" in text
    assert clock["active"] if isinstance(clock, dict) else clock.active
    stub.delay = 0
    settle(demo.repositories)
    text, clock = tick.fn()
    assert "has arrived" in text
    assert not (clock["active"] if isinstance(clock, dict) else clock.active)


def test_a_graph_that_onnxruntime_cannot_open_is_left_out(stub, export, caplog):
    card = cards.load(export / "card.json")
    (export / "decoder.onnx").write_bytes(b"no graph at all")
    decoder = dataclasses.replace(card.graphs["decoder"], sha256=files.sha256(b"no graph at all"))
    dataclasses.replace(card, graphs=card.graphs | {"decoder": decoder}).save(export)
    stub.put_folder(REPO, export)
    repositories, found = models_of(REPO)
    assert_left_out(repositories, found)
    (record,) = ours(caplog)
    assert record.getMessage() == repositories.lines[0].replace("`", "")
    assert record.levelname == "WARNING"
    assert record.exc_info, "the log says why"


def test_a_model_that_breaks_its_tab_is_left_out(stub, export):
    def lay_out(model, others):
        model.input("generator", "z")

    stub.put_folder(REPO, export)
    repositories = Repositories(REPO)
    assert_left_out(repositories, repositories.models([], lay_out))


def assert_left_out(repositories, found):
    assert found == []
    assert repositories.lines == [
        f"`{REPO}`: is left out: it does not work with this version of the app."
    ]


def test_an_answer_that_is_not_the_hubs_gives_one_sentence(use):
    with hubs.portal() as url:
        use(url)
        with pytest.raises(HubError, match=f"What {url} answers for {REPO} is not what the Hub"):
            fetch()


def test_a_name_that_cannot_be_read_is_said_and_the_others_are_fetched(stub, export, caplog):
    stub.put_folder(REPO, export)
    repositories, found = models_of(f"nonsense,{REPO},")
    settle(repositories)
    assert [model.card.name for model in found] == ["toy-heads"]
    assert repositories.lines[0].startswith("LATENT_MODELS: 'nonsense' is not user/repo")
    assert [record.getMessage() for record in ours(caplog)] == [repositories.lines[0]]


def test_with_nothing_named_nothing_is_asked(stub):
    repositories, found = models_of("")
    assert (found, repositories.lines, repositories.settled) == ([], [], True)
    assert stub.calls == []
