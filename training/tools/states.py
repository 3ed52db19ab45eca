"""Push the training state of a run to the Hugging Face Hub and pull it: to go on elsewhere, or to fine-tune.

    python -m training.states push NAME USER/REPO [--private]
    python -m training.states pull USER/REPO [--revision REVISION]

A run continues by the command that began it, and `--init-from NAME` of `training.gan` and `training.vae` begins
another one with its networks. A repository holds the state of one run and nothing else; exports, which the app opens,
have repositories of their own (`gen_models.hub`).

What comes from a repository is checked before it takes its place in `runs/`: which files there are, the options, and
the state, which is read with `weights_only=True`: tensors, numbers and text, and nothing that runs.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.utils import disable_progress_bars

from gen_models import cards, hub
from gen_models.errors import UserError, ending_in_a_sentence
from gen_models.hub import HubError, Source
from gen_models.without_paths import options_without_paths
from training.engine.run import NAME, reading

STATE, OPTIONS, LOG, README = "state.pt", "config.json", "log.jsonl", "README.md"
FILES = (STATE, OPTIONS, LOG, README)
"""All that a repository may hold; `.gitattributes`, which the Hub adds to each, is passed over."""


def refuse_strangers(repo: str, names: Iterable[str]) -> None:
    """Refuse a repository that holds anything but the state of a run."""
    for name in names:
        if name not in (*FILES, ".gitattributes"):
            raise HubError(
                f"{repo} holds {name[:80]!r}, which is no part of a training state: it is refused."
            )


def read_options(path: Path, said: str) -> dict[str, Any]:
    """Read the options of a run, with a name that a run may have.

    Raises:
        UserError: they are none; `said` is what they are called then.
    """
    refused = f"{said} does not hold the options of a run."
    with reading(path, refused):
        options = json.loads(path.read_text("utf-8"))
    name = options.get("name") if isinstance(options, dict) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UserError(refused)
    return options


def check_state(path: Path, said: str) -> int:
    """Read a state as a run that begins with it does, and return its step.

    Raises:
        UserError: it is damaged, is none, or holds more than tensors, numbers and text.
    """
    refused = f"{said} is damaged, or holds more than a training state may: it is refused."
    with reading(path, refused):
        state = torch.load(path, map_location="cpu", weights_only=True)
        step = state["step"]
    if not isinstance(step, int):
        raise UserError(refused)
    return step


##### Push


def push(
    folder: Path, repo: str, private: bool, agreed: Callable[[str], bool], exported: Path
) -> str:
    """Upload the state of a run as one commit, and return the repository's address.

    Args:
        folder: `runs/NAME`.
        repo: `user/repo`, made if it is not there.
        private: whether a repository that has to be made is private.
        agreed: is asked, in words, before a public repository is made, or what was trained on somebody's own images
            gets into one.
        exported: where the run's model is, whose card knows the licence of the data.

    Raises:
        HubError: the Hub does not allow it, or the repository holds something else.
        UserError: there is no state, or it cannot be used.
    """
    path = folder / STATE
    if not path.exists():
        raise UserError(f"{folder} holds no training state.")
    options = options_without_paths(read_options(folder / OPTIONS, str(folder / OPTIONS)))
    step = check_state(path, str(path))
    card = _card(exported / options["name"])
    contents: dict[str, bytes | str] = {
        STATE: str(path),
        OPTIONS: json.dumps(options, indent=2).encode(),
        README: _readme(options, step, card, repo).encode(),
    }
    if (folder / LOG).exists():
        contents[LOG] = str(folder / LOG)
    api = HfApi()
    with hub.in_one_sentence(repo):
        api.whoami()  # a token that is wrong is found out before anything is made
        there: dict[str, int] = {}
        if exists := api.repo_exists(repo):
            there = hub.sizes_of(repo, constants.DEFAULT_REVISION)
            _refuse_other(repo, options, there)
            private = bool(api.model_info(repo).private)
        own = str(options.get("data", "")).startswith(hub.OWN)
        if not private and (own or not exists) and not agreed(_question(repo, options, card)):
            raise HubError("Nothing was uploaded.")
        if not exists:
            api.create_repo(repo, private=private, exist_ok=True)
        api.create_commit(
            repo,
            [
                *(CommitOperationAdd(name, content) for name, content in contents.items()),
                *(CommitOperationDelete(name) for name in {LOG} & there.keys() - contents.keys()),
            ],
            commit_message=f"{options['name']}: training state at step {step:,}",
        )
    return f"{constants.ENDPOINT}/{repo}"


def _card(folder: Path) -> cards.Card | None:
    try:
        return cards.load(folder / "card.json")
    except cards.CardError:
        return None


def _licence(options: Mapping[str, Any], card: cards.Card | None) -> str:
    known = card.dataset.licence if card else options.get("licence")
    return str(known or "not stated: see that of its data")


def _question(repo: str, options: Mapping[str, Any], card: cards.Card | None) -> str:
    """Ask for a yes to what becomes public."""
    return (
        f"{repo} will be public: all networks of {options['name']}, trained on {options.get('data', 'its data')}, "
        f"with the licence of its data: {_licence(options, card)}. A network can give away images that it was "
        "trained on. Is that right?"
    )


def _refuse_other(repo: str, options: Mapping[str, Any], there: Iterable[str]) -> None:
    """Refuse to push into a repository that holds anything but a state of the same run."""
    refuse_strangers(repo, there)
    if OPTIONS in there:
        now = hub.download(repo, OPTIONS, constants.DEFAULT_REVISION)
        held = read_options(now, f"{repo}/{OPTIONS}")["name"]
        if held != options["name"]:
            raise HubError(f"{repo} holds the state of another run, {held}: choose another.")


def _readme(options: Mapping[str, Any], step: int, card: cards.Card | None, repo: str) -> str:
    name, licence, data = options["name"], _licence(options, card), options.get("data", "its data")
    steps = f"{step:,} of {options.get('steps', step):,} steps"
    command = f"\n\nIt was trained by\n\n    {card.training.command}" if card else ""
    return f"""---
license: other
license_name: {json.dumps(licence[:60])}
library_name: pytorch
tags: ["latent-lab", "training-state"]
---

# Training state of {name}

Networks, averages and optimisers after {steps}, on {data}. Licence of the data: {licence}.

    python -m training.states pull {repo}

puts it into `runs/{name}`. The command that it was begun with then continues it, and `--init-from {name}` of
`training.gan` or `training.vae` begins another run with its networks.{command}
"""


##### Pull


def pull(source: Source, runs: Path, replace: bool, tell: Callable[[str], None]) -> Path:
    """Bring the state of a run into `runs/<its name>`, checked, in one step. `tell` is given progress in words.

    Raises:
        HubError: not reachable, not there, not allowed, or refused because of what it holds.
        UserError: what it holds cannot be used, or another run of that name is there and `replace` was not asked for.
    """
    disable_progress_bars()
    repo = source.repo
    with hub.in_one_sentence(repo):
        commit = hub.commit_of(source)
        sizes = hub.sizes_of(repo, commit)
        refuse_strangers(repo, sizes)
        if missing := {STATE, OPTIONS} - sizes.keys():
            raise HubError(f"{repo} holds no {min(missing)}, so no training state.")
        tell(f"{sizes[STATE] / 1e6:.1f} MB")
        names = [name for name in FILES if name in sizes and name != README]
        found = {name: hub.download(repo, name, commit) for name in names}
    options = read_options(found[OPTIONS], f"{repo}/{OPTIONS}")
    check_state(found[STATE], f"{repo}/{STATE}")
    target = runs / options["name"]
    # No run has a name that begins with a dot: a copy that is cut short is none.
    copy, former = (runs / f".{target.name}.{end}" for end in ("pulled", "replaced"))
    if (target / STATE).exists():
        if (target / STATE).read_bytes() == found[STATE].read_bytes():
            return target
        if not replace:
            raise HubError(
                f"{target} is there already and is another run, or another step of it: move it away, or "
                "overwrite it with --replace."
            )
    shutil.rmtree(copy, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)
    copy.mkdir(parents=True)
    for name, path in found.items():
        shutil.copyfile(path, copy / name)
    if target.exists():
        target.rename(former)
    copy.rename(target)
    shutil.rmtree(former, ignore_errors=True)
    return target


def main(arguments: list[str] | None = None) -> None:
    """Run one of the two commands. End with one sentence if something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m training.states", description="Training states on the Hugging Face Hub."
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default: runs/")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("push", help="upload the state of one run")
    up.add_argument("name", metavar="NAME", help="of the run")
    up.add_argument("repo", metavar="USER/REPO")
    up.add_argument("--private", action="store_true", help="a repository that is made is private")
    up.add_argument("--yes", action="store_true", help="do not ask before anything becomes public")
    up.add_argument("--exported", type=Path, default=Path("exported"), help="default: exported/")
    down = commands.add_parser("pull", help="download the state of one run and check it")
    down.add_argument("repo", metavar="USER/REPO")
    down.add_argument("--revision", help="branch, tag or commit (default: main)")
    down.add_argument("--replace", action="store_true", help="replace a run of the same name")
    options = parser.parse_args(arguments)
    with ending_in_a_sentence():
        if options.command == "push":
            if not NAME.fullmatch(options.name):
                raise UserError(f"{options.name!r} is not the name of a run in {options.runs}.")
            wanted, agreed = hub.parse(options.repo), hub.yes if options.yes else hub.ask
            folder = options.runs / options.name
            print(push(folder, wanted.repo, options.private, agreed, options.exported))
            return
        revision = f"@{options.revision}" if options.revision else ""
        wanted = hub.parse(f"{options.repo}{revision}")
        where = pull(
            wanted,
            options.runs,
            options.replace,
            lambda words: print(f"{wanted}: {words}", flush=True),
        )
        print(f"{where.name} of {wanted}: {where}; --init-from {where.name} begins with it")


if __name__ == "__main__":
    main()
