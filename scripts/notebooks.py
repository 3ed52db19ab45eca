"""Run the notebooks from their first cell to their last, and keep what they show: ``python -m scripts.notebooks``.

What is kept reads well where nothing runs: plots and lines, no times, no widgets' state, no path of this machine.
"""

import argparse
import hashlib
import os
import re
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path("notebooks")
SECONDS = 900
"""Longest time that a cell may take, on a busy machine."""
WIDGET = "application/vnd.jupyter.widget-view+json"
SLIDERS = "Sliders are shown here when this cell is run."


def all_notebooks() -> list[Path]:
    """Return the notebooks, in the lecture's order of their subjects."""
    order = ("autoencoder", "variational_autoencoder", "gan", "gan_lab")
    return [FOLDER / f"{name}.ipynb" for name in order]


def repository() -> str:
    """Return the address that a notebook clones where the project is not there, or "" if none is set."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    return project.get("urls", {}).get("Repository", "")


def set_address(notebook: NotebookNode, address: str) -> None:
    """Write the address into the set-up cell, which is the first one with code."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.source = re.sub(
        r'^REPOSITORY = ".*?"', f'REPOSITORY = "{address}"', cell.source, flags=re.M
    )


def run(
    path: Path, folder: Path = FOLDER, environment: Mapping[str, str] | None = None
) -> NotebookNode:
    """Run a notebook in a kernel of its own that is started in `folder`, as Jupyter does; return it with its outputs.

    Raises:
        CellExecutionError: a cell raised an error; it is told with its trace.
    """
    notebook = nbformat.read(path, 4)
    set_address(notebook, repository())
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
    )
    # Nothing is answered to widgets: what they show at first becomes output like any other. The answers would go out on
    # the socket on which the reply to a cell is awaited, and now and then that one is then awaited for ever.
    client.comm_open_handlers = {"jupyter.widget": lambda _: None}
    return client.execute(env={**os.environ, **(environment or {})})


def digest(notebook: NotebookNode) -> str:
    """Hash the code after the set-up cell: the outputs that stand in a file are those of this code."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\n\n".join(code[1:]).encode()).hexdigest()[:16]


def clean(notebook: NotebookNode, project: Path) -> None:
    """Leave out of a notebook that was run what is of this machine or this hour, and the state of widgets."""
    notebook.metadata = NotebookNode(
        kernelspec=notebook.metadata.kernelspec,
        language_info=NotebookNode(name="python"),
        outputs_of=digest(notebook),
    )
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
        for output in cell.get("outputs", []):
            if WIDGET in output.get("data", {}):
                output.data = NotebookNode({"text/plain": SLIDERS})
            if "text" in output:
                output.text = output.text.replace(f"{project}/", "")


def main() -> None:
    """Run the notebooks that are named, or all, and write them with their outputs."""
    parser = argparse.ArgumentParser(prog="python -m scripts.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="such as gan; all if none is named")
    names = parser.parse_args().names
    for path in all_notebooks():
        if names and path.stem not in names:
            continue
        started = time.monotonic()
        notebook = run(path)
        clean(notebook, Path.cwd())
        nbformat.write(notebook, path)
        print(
            f"{path}: {time.monotonic() - started:.0f} s, {path.stat().st_size / 1e3:.0f} kB",
            flush=True,
        )


if __name__ == "__main__":
    main()
