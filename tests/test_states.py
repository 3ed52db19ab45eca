"""Training states on the Hub: pushed to a stub of it, pulled, gone on with, and refused where they should be."""

import json
import shutil
from dataclasses import replace

import hubs
import pytest
from huggingface_hub import constants

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.train,
    pytest.mark.serial,
]  # the stub's constants are those of the process

from gen_models.errors import UserError
from gen_models.hub import HubError, Source
from training import vae
from training.tools import states

REPO = "me/state"


@pytest.fixture
def stub(monkeypatch, tmp_path):
    with hubs.Stub().running() as running:
        for name, value in {
            "ENDPOINT": running.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": running.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_OFFLINE": False,
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_CACHE": str(tmp_path / "hf"),
            "HF_TOKEN_PATH": str(tmp_path / "token"),
        }.items():
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setenv("HF_TOKEN", "writer")
        yield running


@pytest.fixture
def config(tmp_path, picture_folder):
    return vae.Config(
        "mine", data=f"folder:{picture_folder}", size=16, channels=1, width=4, latent_dim=3, batch=4, steps=3,
        log_every=1, accelerator="cpu", runs=tmp_path / "runs", exported=tmp_path / "exported",
    )  # fmt: skip


def always(question):
    return True


def never(question):
    raise AssertionError(f"was asked: {question}")


def push(config, agreed=always, private=False):
    return states.push(config.folder, REPO, private, agreed, config.exported)


def pull(runs, again=False):
    return states.pull(Source(REPO), runs, again, lambda words: None)


def put(stub, **changed):
    """A commit of a repository as a push would make it, with some files changed, or left out for None."""
    files = stub.repos[REPO][-1] | {name.replace("_", "."): data for name, data in changed.items()}
    stub.put(REPO, {name: data for name, data in files.items() if data is not None})


def test_a_state_is_pushed_pulled_gone_on_with_and_begun_with(stub, config, tmp_path):
    vae.train(replace(config, steps=2))
    assert push(config) == f"{stub.url}/{REPO}"
    uploaded = stub.repos[REPO][-1]
    assert uploaded.keys() == {".gitattributes", *states.FILES}
    assert uploaded["state.pt"] == (config.folder / "state.pt").read_bytes()
    assert str(tmp_path).encode() not in uploaded["config.json"] + uploaded["README.md"]
    assert b"states pull me/state" in uploaded["README.md"]

    elsewhere = tmp_path / "elsewhere"
    assert pull(elsewhere) == pull(elsewhere) == elsewhere / "mine"
    whole, _, _ = vae.train(config)
    parts, _, run = vae.train(replace(config, runs=elsewhere))
    assert (run.step, len(run.parts)) == (3, 2)
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    rows = (elsewhere / "mine" / "log.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [1, 2, 3]

    tuned = replace(config, runs=elsewhere, name="tuned", init_from="mine", lr=1e-12)
    begun, _, _ = vae.train(tuned)
    for a, b in zip(parts.parameters(), begun.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_what_becomes_public_is_asked(stub, config):
    vae.train(config)
    asked = []
    with pytest.raises(HubError, match="Nothing was uploaded"):
        push(config, lambda question: bool(asked.append(question)))
    name = config.data.rpartition("/")[2]
    assert asked[0].startswith(
        f"{REPO} will be public: all networks of mine, trained on folder:{name}, with the licence of its data: not "
    )
    assert REPO not in stub.repos
    push(config, never, private=True)
    push(config, never)
    assert REPO in stub.private


def test_a_repository_of_anything_else_is_neither_pushed_to_nor_pulled(stub, config, tmp_path):
    vae.train(config)
    push(config)
    put(stub, card_json=b"{}")
    for act in (lambda: push(config), lambda: pull(tmp_path / "r")):
        with pytest.raises(HubError, match=r"holds 'card\.json', which is no part of a training"):
            act()
    put(stub, card_json=None, state_pt=None)
    with pytest.raises(HubError, match=r"holds no state\.pt, so no training state"):
        pull(tmp_path / "r")
    put(stub, config_json=b'{"name": "other"}')
    with pytest.raises(HubError, match="holds the state of another run, other"):
        push(config)
    assert not (tmp_path / "r").exists()


class Runs:
    """What pickle would run when it is opened."""

    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize("kind", ["code", "cut", "empty", "no state", "no step"])
def test_a_state_that_may_not_be_opened_is_refused(kind, stub, config, tmp_path, capsys):
    vae.train(config)
    push(config)
    path, whole = tmp_path / "bad.pt", stub.repos[REPO][-1]["state.pt"]
    if kind in ("code", "no state", "no step"):
        torch.save({"code": {"step": 1, "G": Runs()}, "no state": [1], "no step": {}}[kind], path)
    else:
        path.write_bytes(whole[: len(whole) // 2] if kind == "cut" else b"")
    put(stub, state_pt=path.read_bytes())
    capsys.readouterr()
    with pytest.raises(UserError, match=f"{REPO}/state.pt is damaged, or holds more than"):
        pull(tmp_path / "r")
    assert not (tmp_path / "r").exists()
    assert "run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [b"", b"[]", b"{}", b'{"name": "../x"}', b'{"name": ".x"}', b'{"name": 1}', b"\xff"]
)
def test_options_that_are_none_are_refused(options, stub, config, tmp_path):
    vae.train(config)
    push(config)
    put(stub, config_json=options)
    with pytest.raises(UserError, match=f"{REPO}/config.json does not hold the options of a run"):
        pull(tmp_path / "r")
    assert list(tmp_path.glob("**/x")) == []


def test_another_run_of_that_name_is_replaced_only_if_asked(stub, config, tmp_path):
    vae.train(config)
    push(config)
    elsewhere = tmp_path / "elsewhere"
    vae.train(replace(config, runs=elsewhere, seed=1))
    with pytest.raises(HubError, match=r"is there already and is another run.*--replace"):
        pull(elsewhere)
    where = pull(elsewhere, again=True)
    assert (where / "state.pt").read_bytes() == stub.repos[REPO][-1]["state.pt"]
    assert not (where / "samples").exists(), "they were of the other run"
    assert [path.name for path in elsewhere.iterdir()] == ["mine"]


def test_the_commands_end_in_a_sentence(stub, config, tmp_path, capsys):
    runs = ["--runs", str(config.runs)]
    for words, sentence in (
        (["push", "mine", REPO], f"error: {config.folder} holds no training state.\n"),
        (["push", "../mine", REPO], f"error: '../mine' is not the name of a run in {config.runs}.\n"),
        (["pull", REPO], f"error: There is no repository {REPO} on the Hub"),
        (["pull", "nowhere"], "error: 'nowhere' is not user/repo"),
    ):  # fmt: skip
        with pytest.raises(SystemExit, match="2"):
            states.main([*runs, *words])
        assert capsys.readouterr().err.startswith(sentence)
    vae.train(config)
    states.main([*runs, "push", "mine", REPO, "--yes", "--exported", str(tmp_path)])
    shutil.rmtree(config.folder)
    capsys.readouterr()
    states.main([*runs, "pull", REPO])
    assert capsys.readouterr().out.endswith(f"{config.folder}; --init-from mine begins with it\n")
    assert (config.folder / "state.pt").exists()
