"""Push exported models to the Hugging Face Hub and pull them: one model repository holds one export.

    python -m gen_models.hub push exported/NAME USER/REPO
    python -m gen_models.hub pull USER/REPO [--revision REVISION]

Training states are pushed and pulled by `python -m training.states`, into repositories of their own.

What comes from a repository is checked before anything of it is opened: names without folders, only the kinds of
file that an export has, a card that this version can read, and the SHA-256 that the card gives for every graph. Of a
repository only the card and the files that an export has are downloaded, and only cards are parsed. Downloads go
through huggingface_hub's cache: after an interruption, files that are whole are not fetched again. `HF_TOKEN`,
`HF_HOME`, `HF_ENDPOINT` and `HF_HUB_OFFLINE` do what they do for huggingface_hub.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    EvalResult,
    HfApi,
    ModelCard,
    ModelCardData,
    constants,
    hf_hub_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import disable_progress_bars

from gen_models import cards, files, migrate
from gen_models import model_readme as readme
from gen_models.cards import LOSSES, Card
from gen_models.errors import UserError, ending_in_a_sentence
from gen_models.families import FAMILIES, label_of
from gen_models.without_paths import card_without_paths

KINDS = (".json", ".onnx", ".png", ".md", ".webp", ".svg")
"""Kinds of file that a repository may hold; `.gitattributes`, which the Hub adds to each, is passed over."""

PICTURES = ("preview.webp", "examples.png")
"""Of the data, which a model may have."""
_FLAT = cards.FLAT
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
_SOURCE = re.compile(
    r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w-][\w./-]*))?", re.ASCII
)


class HubError(UserError):
    """Raised when the Hub, or a repository on it, refuses something or lacks it."""


@dataclass(frozen=True)
class Source:
    """Names a model repository and the branch, tag or commit to take it from."""

    repo: str
    revision: str = constants.DEFAULT_REVISION

    def __str__(self) -> str:
        default = self.revision == constants.DEFAULT_REVISION
        return self.repo if default else f"{self.repo}@{self.revision}"


@dataclass(frozen=True)
class Export:
    """Holds an export in the cache, all of it checked."""

    source: Source
    commit: str
    card: Card
    folder: Path


def parse(text: str) -> Source:
    """Read `user/repo` or `user/repo@revision`."""
    match = _SOURCE.fullmatch(text.strip())
    if match is None or ".." in text:
        raise HubError(f"{text.strip()[:80]!r} is not user/repo or user/repo@revision.")
    return Source(match["repo"], match["revision"] or constants.DEFAULT_REVISION)


##### From the Hub


def fetch(source: Source, tell: Callable[[str], None]) -> Export:
    """Bring an export into the cache and check it. `tell` is given progress in words.

    Raises:
        HubError: not reachable, not there, not allowed, or refused because of what it holds.
        CardError: as `cards.read`.
    """
    disable_progress_bars()  # they would run through the server's log
    with in_one_sentence(source.repo):
        commit = commit_of(source)
        sizes = sizes_of(source.repo, commit)
        refuse_strangers(source.repo, sizes)
        card_file = download(source.repo, "card.json", commit)
        card = read_card(card_file, source.repo)
        files = [name for name in (*parts(card), *PICTURES, LOSSES) if name in sizes]
        done, total = 0, sum(sizes[name] for name in files)
        for count, name in enumerate(files):
            tell(f"{count} of {len(files)} files, {done / 1e6:.1f} of {total / 1e6:.1f} MB")
            download(source.repo, name, commit)
            done += sizes[name]
        folder = card_file.parent
        for name in damaged(folder, card):  # perhaps only on this disk
            if name in sizes:
                download(source.repo, name, commit, again=True)
        refuse_damaged(folder, card, source.repo)
        # Only now does the cache take this commit for the branch: what was there before stays usable until the
        # new one is whole.
        download(source.repo, "card.json", source.revision)
    return Export(source, commit, card, folder)


def cached(source: Source) -> Export | None:
    """Return the export as the cache has it, checked, without a network; None if it is not there, whole and sound."""
    card_file = try_to_load_from_cache(source.repo, "card.json", revision=source.revision)
    if not isinstance(card_file, str):
        return None
    folder = Path(card_file).parent
    try:
        card = read_card(Path(card_file), source.repo)
        refuse_damaged(folder, card, source.repo)
    except UserError:
        return None
    return Export(source, folder.name, card, folder)


def commit_of(source: Source) -> str:
    """Ask the Hub for the commit of a revision.

    Asked first because it does not retry: without a network, downloads do, for 23 seconds.
    """
    commit = HfApi().model_info(source.repo, revision=source.revision, timeout=10).sha
    if commit is None:
        raise ValueError("The Hub always gives a commit.")
    return commit


def sizes_of(repo: str, revision: str) -> dict[str, int]:
    """Return the size of every file of a repository, by name."""
    tree = HfApi().list_repo_tree(repo, revision=revision, recursive=True)
    return {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}


def download(repo: str, name: str, revision: str, again: bool = False) -> Path:
    """Return where the cache has a file of a repository, fetched if need be."""
    return Path(hf_hub_download(repo, name, revision=revision, force_download=again))


##### What is refused


def refuse_strangers(repo: str, names: Iterable[str]) -> None:
    """Refuse a repository that holds a folder, or any file that is not of an export's kinds."""
    for name in names:
        if name == ".gitattributes":
            continue
        if not _FLAT.fullmatch(name) or Path(name).suffix not in KINDS:
            raise HubError(
                f"{repo} holds {name[:80]!r}, which is no part of an export: it is refused."
            )


def read_card(path: Path, repo: str) -> Card:
    """Read a card that came from outside, of this schema or an older one.

    Raises:
        CardError: as `cards.read`.
        HubError: a name, or a kind of file, that no export has.
    """
    card = migrate.read(path, f"{repo}/card.json")
    if not _NAME.fullmatch(card.name):
        raise HubError(f"{repo}/card.json has a name that no model may have.")
    kinds = {".onnx": card.graphs, ".webp": card.sheets}
    for kind, named in kinds.items():
        for part in named.values():
            if not _FLAT.fullmatch(part.file) or Path(part.file).suffix != kind:
                raise HubError(f"{repo}/card.json names {part.file[:80]!r} where {kind} belongs.")
    return card


def refuse_damaged(folder: Path, card: Card, repo: str) -> None:
    """Refuse an export of which a file is missing, or is not the one its card describes."""
    for name in damaged(folder, card):
        there = (folder / name).exists()
        fault = "is not the file its card describes" if there else "is missing"
        raise HubError(f"{repo}/{name} {fault}: the model is refused.")


def damaged(folder: Path, card: Card) -> list[str]:
    """Return the names of the card's files that are missing, and of graphs whose SHA-256 is not the card's."""
    missing = [name for name in parts(card) if not (folder / name).is_file()]
    return missing + [
        graph.file
        for graph in card.graphs.values()
        if graph.file not in missing
        and files.sha256((folder / graph.file).read_bytes()) != graph.sha256
    ]


def parts(card: Card) -> list[str]:
    """Return the names of the files that the card names."""
    return [part.file for part in (*card.graphs.values(), *card.sheets.values())]


def _contents(folder: Path, card: Card) -> dict[str, bytes]:
    """Return all that an export consists of and nothing else, by file name, but for its README."""
    others = [name for name in (*PICTURES, LOSSES) if (folder / name).is_file()]
    content = {name: (folder / name).read_bytes() for name in (*parts(card), *others)}
    return {"card.json": card.content()} | content  # of today's schema, whatever the file's is


##### Pull


def install(export: Export, root: Path, replace: bool = False) -> Path:
    """Copy a checked export to `root/<its name>`, in one step, with the README made from its card.

    Raises:
        HubError: another model of that name is there, and `replace` was not asked for.
    """
    # Discovery passes over names that begin with a dot: a copy or a removal that is cut short is no model.
    copy, former = root / f".{export.card.name}.pulled", root / f".{export.card.name}.replaced"
    target = root / export.card.name
    contents = _contents(export.folder, export.card)
    if target.exists():
        shutil.rmtree(former, ignore_errors=True)
        same = all(
            (target / name).is_file() and (target / name).read_bytes() == content
            for name, content in contents.items()
        )
        if same:
            return target
        if not replace:
            raise HubError(
                f"{target} is there already and is another model: "
                "move it away, or overwrite it with --replace."
            )
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    (copy / "README.md").write_text(readme.render(export.card), encoding="utf-8")
    for name, content in contents.items():
        (copy / name).write_bytes(content)
    if target.exists():
        target.rename(former)
    copy.rename(target)
    shutil.rmtree(former, ignore_errors=True)
    return target


##### Push


def push(folder: Path, repo: str, private: bool, agreed: Callable[[str], bool]) -> str:
    """Upload an export as one commit, and return the repository's address.

    Args:
        folder: `exported/<name>`.
        repo: `user/repo`, made if it is not there.
        private: whether a repository that has to be made is private.
        agreed: is asked, in words, before a public repository is made, or somebody's own images get into one.

    Raises:
        HubError: the export is not whole, the Hub does not allow it, or the repository holds something else.
        CardError: there is no usable card.
    """
    card = card_without_paths(cards.load(folder / "card.json"))
    if missing := damaged(folder, card):
        raise HubError(f"{folder}/{missing[0]} is missing or is not the file its card describes.")
    contents = {**_contents(folder, card), "README.md": str(model_card(card, repo)).encode()}
    api = HfApi()
    with in_one_sentence(repo):
        api.whoami()  # a token that is wrong is found out before anything is made
        there: dict[str, int] = {}
        if exists := api.repo_exists(repo):
            there = sizes_of(repo, constants.DEFAULT_REVISION)
            _refuse_other(repo, card, there)
            private = bool(api.model_info(repo).private)
        own = card.dataset.recipe.startswith(OWN)
        if not private and (own or not exists) and not agreed(_question(repo, card, contents)):
            raise HubError("Nothing was uploaded.")
        if not exists:
            api.create_repo(repo, private=private, exist_ok=True)
        stale = [n for n in there if Path(n).suffix in (".onnx", ".webp") and n not in contents]
        api.create_commit(
            repo,
            [
                *(CommitOperationAdd(name, content) for name, content in contents.items()),
                *(CommitOperationDelete(name) for name in stale),
            ],
            commit_message=f"{card.name}: {card.title}",
        )
    return f"{constants.ENDPOINT}/{repo}"


OWN = ("folder:", "pairs:", "unpaired:")
"""How the data of a model begin that was trained on somebody's own images."""


def _question(repo: str, card: Card, contents: Iterable[str]) -> str:
    """Ask for a yes to what becomes public: the licence, and every file of images."""
    images = sorted(name for name in contents if Path(name).suffix in (".png", ".webp"))
    shown = (
        f" So will be its images, of {card.dataset.title}: {', '.join(images)}." if images else ""
    )
    return (
        f"{repo} will be public, with the licence of its data: {card.dataset.licence}.{shown} "
        "Is that right?"
    )


def _refuse_other(repo: str, card: Card, there: Iterable[str]) -> None:
    """Refuse to push into a repository that holds anything but the same model."""
    refuse_strangers(repo, there)
    if "card.json" in there:
        now = download(repo, "card.json", constants.DEFAULT_REVISION)
        held = read_card(now, repo).name
        if held != card.name:
            raise HubError(f"{repo} holds another model, {held}: choose another repository.")


LICENCES = ("MIT", "CC0 1.0", "CC BY 4.0", "CC BY-SA 3.0", "CC BY-SA 4.0")
"""Licences that the Hub has an identifier for, as cards begin with them."""


def model_card(card: Card, repo: str) -> ModelCard:
    """Return the README of a repository: that of the export, with the metadata that the Hub reads."""
    task = FAMILIES[card.family].task
    known = [name for name in LICENCES if card.dataset.licence.startswith(name)]
    numbers = [
        EvalResult(
            task_type=task,
            dataset_type=card.dataset.name,
            dataset_name=card.dataset.title,
            dataset_split=metric.split or None,
            metric_type=key,
            metric_name=label_of(card.family, key) + (f" ({metric.unit})" if metric.unit else ""),
            metric_value=metric.value,
            metric_args={"n": metric.n, "seeds": list(metric.seeds), "command": metric.command},
        )
        for key, metric in card.metrics.items()
    ]
    metadata = ModelCardData(
        license=_identifier(known[0]) if known else "other",
        license_name=None if known else _identifier(card.dataset.licence),
        library_name="onnxruntime",
        pipeline_tag=task,
        tags=[card.family, "onnx", "latent-lab"],
        model_name=card.title,
        eval_results=numbers or None,
    )
    body = readme.render(card).partition("\n---\n")[2]
    pull = f"## Get it\n\n    python -m gen_models.hub pull {repo}\n\n"
    return ModelCard(f"---\n{metadata}\n---\n" + body.replace("## Use\n", f"{pull}## Use\n", 1))


def _identifier(licence: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", licence.lower())[:60].strip("-.")


##### In words


@contextmanager
def in_one_sentence(repo: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into a HubError."""
    try:
        yield
    except HFValidationError as error:
        raise HubError(f"{repo!r} is not a name that the Hub gives.") from error
    except GatedRepoError as error:
        raise HubError(f"{repo} wants its terms agreed to first, on its page.") from error
    except RepositoryNotFoundError as error:
        raise HubError(
            f"There is no repository {repo} on the Hub, or it is private and your token may not read it."
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(f"{repo} has no such revision.") from error
    except LocalTokenNotFoundError as error:
        raise HubError("Log in first: `hf auth login`, or set HF_TOKEN.") from error
    except OfflineModeIsEnabled as error:
        raise HubError("HF_HUB_OFFLINE is set, so the Hub is not asked.") from error
    except (LocalEntryNotFoundError, httpx2.RequestError) as error:
        raise HubError(f"The Hub ({constants.ENDPOINT}) cannot be reached.") from error
    except EntryNotFoundError as error:
        raise HubError(f"{repo} holds no card.json, so no model of this app.") from error
    except HfHubHTTPError as error:
        raise HubError(_refusal(repo, error.response.status_code)) from error
    except (
        ValueError,
        TypeError,
        LookupError,
    ) as error:  # such as the login page of a wireless network
        raise HubError(
            f"What {constants.ENDPOINT} answers for {repo} is not what the Hub answers."
        ) from error
    except OSError as error:
        raise HubError(f"{repo} cannot be stored here: {error.strerror or error}.") from error


def _refusal(repo: str, status: int) -> str:
    if status == 401:
        return "The Hub does not accept your token: log in again with `hf auth login`, or set HF_TOKEN."
    if status == 403:
        return f"Your token does not allow this for {repo}."
    return f"The Hub answered with status {status} for {repo}: try again later."


def main(arguments: list[str] | None = None) -> None:
    """Run one of the two commands. End with one sentence if something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m gen_models.hub", description="Exported models on the Hugging Face Hub."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("push", help="upload one export")
    up.add_argument("folder", type=Path, metavar="exported/NAME")
    up.add_argument("repo", metavar="USER/REPO")
    up.add_argument("--private", action="store_true", help="a repository that is made is private")
    up.add_argument(
        "--yes", action="store_true", help="do not ask before images and all else become public"
    )
    down = commands.add_parser("pull", help="download one export and check it")
    down.add_argument("repo", metavar="USER/REPO")
    down.add_argument("--revision", help="branch, tag or commit (default: main)")
    down.add_argument("--to", type=Path, default=Path("exported"), help="default: exported/")
    down.add_argument(
        "--cache", action="store_true", help="only into the cache, for LATENT_MODELS to find"
    )
    down.add_argument(
        "--replace", action="store_true", help="replace another model of the same name"
    )
    options = parser.parse_args(arguments)
    with ending_in_a_sentence():
        if options.command == "push":
            wanted = parse(options.repo)
            agreed = yes if options.yes else ask
            print(push(options.folder, wanted.repo, options.private, agreed))
            return
        wanted = parse(f"{options.repo}@{options.revision}" if options.revision else options.repo)
        export = fetch(wanted, lambda words: print(f"{wanted}: {words}", flush=True))
        where = export.folder if options.cache else install(export, options.to, options.replace)
        print(f"{export.card.name} of {export.source.repo}, commit {export.commit[:7]}: {where}")


def ask(question: str) -> bool:
    """Ask the person at the keyboard."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # nobody is there to answer
        return False


def yes(question: str) -> bool:
    """Agree."""
    return True


if __name__ == "__main__":
    main()
