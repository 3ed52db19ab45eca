"""The notebooks: run whole but short, and as they are committed, with what they show."""

import json
import re
import runpy
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import nbformat
import tyro

from gen_models import cards
from gen_models.without_paths import options_without_paths
from scripts import audit, notebooks

NOTEBOOKS = notebooks.all_notebooks()
MACHINE = re.compile(r"/(?:home|root|Users|tmp|work|var|opt|mnt)/|[A-Z]:\\\\")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Ten class folders of 24 small images each: discs whose height is their class."""
    folder = tmp_path_factory.mktemp("classes")
    y, x = np.mgrid[0:28, 0:28]
    rng = np.random.default_rng(0)
    for label in range(10):
        (folder / str(label)).mkdir()
        for i, (cx, r) in enumerate(rng.uniform([6, 3], [22, 6], (24, 2))):
            disc = 255 * ((y - 5 - 2 * label) ** 2 + (x - cx) ** 2 < r**2)
            Image.fromarray(disc.astype(np.uint8)).save(folder / f"{label}/{i:02}.png")
    return folder


def images_of(notebook):
    """The plots that stand in a notebook."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return [out for out in outputs if "image/png" in out.get("data", {})]


def made_again(command):
    """The options that a card's command gives, by the module that it names."""
    words = shlex.split(command)
    assert words[:2] == ["python", "-m"]
    config = tyro.cli(import_module(words[2]).Config, args=words[3:])
    return options_without_paths(json.loads(json.dumps(vars(config), default=str)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_whole_and_its_card_has_a_true_command(path, tmp_path, classes):
    short = {"LATENT_SHORT": f"folder:{classes}", "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = notebooks.run(path, environment=short)
    assert not [out for cell in done.cells for out in cell.get("outputs", []) if "error" in out]
    found = [
        cards.load(card)
        for card in tmp_path.rglob("card.json")
        if card.parent.name.startswith(("my-", "lab-"))
    ]
    assert len(found) == 1, "a notebook calls one script"
    command = found[0].training.command
    assert str(tmp_path) not in command
    if found[0].config:
        assert found[0].config == made_again(command)
    else:
        assert command == "python -m training.lab --name lab-pacgan-2"


# What is committed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_shows_what_its_cells_say(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [out for cell in code for out in cell.outputs]
    assert {out.output_type for out in outputs} <= {"stream", "display_data", "execute_result"}
    assert not [out for out in outputs if out.get("name") == "stderr"]
    assert len(images_of(notebook)) >= 5
    stale = "its code has changed since it was run: make notebooks"
    assert notebook.metadata.outputs_of == notebooks.digest(notebook), stale


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_is_small_and_of_no_machine(path):
    text = path.read_text("utf-8")
    assert len(text) < 1e6
    assert MACHINE.findall(re.sub(r'"image/png": "[^"]*"', "", text)) == []
    assert "widget-view" not in text, "a widget's state is not kept, so its view would be an error"


def test_every_notebook_is_known():
    assert {*notebooks.FOLDER.glob("*.ipynb")} == {*NOTEBOOKS}


def test_cleaning_leaves_no_widget_time_or_path():
    output = nbformat.v4.new_output("stream", name="stdout", text="in /there/here/exported\n")
    widget = nbformat.v4.new_output("display_data", {notebooks.WIDGET: {}, "text/plain": "x"})
    cell = nbformat.v4.new_code_cell("1", outputs=[output, widget], metadata={"execution": {}})
    kernel = {"name": "python3", "display_name": "Python 3"}
    spec = {"kernelspec": kernel, "widgets": {"state": {}}}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=spec)
    notebooks.clean(notebook, Path("/there/here"))
    assert set(notebook.metadata) == {"kernelspec", "language_info", "outputs_of"}
    assert notebook.cells[0].metadata == {}
    assert [out.get("text") for out in notebook.cells[0].outputs] == ["in exported\n", None]
    assert notebook.cells[0].outputs[1].data == {"text/plain": notebooks.SLIDERS}


# The set-up cell


@pytest.fixture
def set_up(tmp_path, monkeypatch):
    """The set-up cell as a script; what it changes is put back."""
    cells = {
        next(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
        for path in NOTEBOOKS
    }
    (source,) = cells  # the same in all
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(Path.cwd())

    def run(address=None):
        text = source
        if address is not None:
            text = re.sub(r'^REPOSITORY = ".*?"', f'REPOSITORY = "{address}"', source, flags=re.M)
        (tmp_path / "cell.py").write_text(text)
        runpy.run_path(str(tmp_path / "cell.py"))

    return run


def test_the_set_up_cell_names_the_repository_of_the_project():
    (line,) = {
        line
        for path in NOTEBOOKS
        for cell in nbformat.read(path, 4).cells
        for line in cell.source.splitlines()
        if line.startswith("REPOSITORY")
    }
    assert line.split('"')[1] == notebooks.repository(), "make notebooks writes it"


@pytest.mark.parametrize("folder", [".", "notebooks"])
def test_a_clone_is_found_from_within(set_up, monkeypatch, folder):
    project = Path.cwd()
    monkeypatch.chdir(folder)
    set_up()
    assert Path.cwd() == project
    assert sys.path[0] == str(project)


def test_a_clone_beside_is_found(set_up, tmp_path, monkeypatch):
    (tmp_path / "content/any/training").mkdir(parents=True)
    (tmp_path / "content/any/training/vae.py").touch()
    monkeypatch.chdir(tmp_path / "content")
    set_up("")
    assert Path.cwd() == tmp_path / "content/any"


def test_without_an_address_the_cell_says_what_to_do(set_up, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="clone them in a cell above"):
        set_up("")


def test_colab_clones_and_installs(set_up, tmp_path, monkeypatch):
    origin, content = tmp_path / "origin", tmp_path / "content"
    (origin / "training").mkdir(parents=True)
    (origin / "training/vae.py").touch()
    content.mkdir()
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "a"]):
        subprocess.run(["git", *words], cwd=origin, check=True)
    monkeypatch.chdir(content)
    monkeypatch.setitem(sys.modules, "google.colab", object())
    ran, really = [], subprocess.run

    def run(words, **options):
        ran.append(words[1:])
        return really(words, **options) if words[0] == "git" else None

    monkeypatch.setattr(subprocess, "run", run)
    set_up(origin.as_uri())
    assert Path.cwd() == content / "latent-lab"
    assert (Path.cwd() / "training/vae.py").exists()
    assert ran[1] == ["-m", "pip", "install", "-q", "-r", "notebooks/requirements.txt"]


def test_the_tests_run_with_versions_that_the_notebooks_allow():
    (pinned, wanted) = (
        {each.name: each.specifier for each in audit.requirements(Path(file))}
        for file in ("requirements-dev.txt", "notebooks/requirements.txt")
    )
    for name in ("matplotlib", "ipywidgets", "ipykernel"):
        assert next(iter(pinned[name])).version in wanted[name]
