import ast
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnxruntime as ort
import pytest

from gen_models import runtime
from gen_models.errors import UserError
from gen_models.files import sha256
from gen_models.runtime import Backend, Model, ModelError, from_uint8, to_uint8


def test_a_graph_runs_by_role_and_names_its_outputs(toy_model):
    got = toy_model("generator", z=np.ones((2, 3)))
    assert got.keys() == {"x"}
    assert got["x"].shape == (2, 1, 4, 4)
    assert got["x"].dtype == np.float32


@pytest.mark.parametrize(
    ("role", "inputs", "sentence"),
    [
        ("encoder", {"z": np.zeros((1, 3))}, "no graph called 'encoder'"),
        ("generator", {}, "input z is missing"),
        ("generator", {"z": np.zeros((1, 4))}, "should be"),
        ("generator", {"z": np.zeros(3)}, "should be"),
    ],
)
def test_wrong_use_gives_one_sentence(toy_model, role, inputs, sentence):
    with pytest.raises(ModelError, match=sentence):
        toy_model(role, **inputs)


def test_a_changed_missing_or_foreign_file_is_refused_before_it_is_opened(toy_model, monkeypatch):
    monkeypatch.setattr(
        ort, "InferenceSession", lambda *_, **__: pytest.fail("the file was opened")
    )
    path = toy_model.folder / "generator.onnx"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelError, match="is not the file its card describes"):
        toy_model("generator", z=np.zeros((1, 3)))
    path.unlink()
    assert "is missing" in toy_model.check()


def test_a_file_that_is_no_graph_is_refused_with_a_sentence(toy_model):
    junk = b"not a graph"
    (toy_model.folder / "generator.onnx").write_bytes(junk)
    graph = replace(toy_model.card.graphs["generator"], sha256=sha256(junk))
    model = Model(replace(toy_model.card, graphs={"generator": graph}), toy_model.folder)
    with pytest.raises(ModelError, match="cannot be opened by onnxruntime"):
        model("generator", z=np.zeros((1, 3)))


def test_a_provider_that_is_unknown_is_not_said_to_be_the_files_fault(toy_model, monkeypatch):
    monkeypatch.setattr(runtime, "backend", Backend("gpu"))
    with pytest.raises(UserError, match="LATENT_PROVIDER is 'gpu'; it may be auto, cuda or cpu"):
        toy_model("generator", z=np.zeros((1, 3)))


def test_many_threads_open_one_session_and_get_their_own_answers(toy_model, monkeypatch):
    opened = []
    real = ort.InferenceSession
    monkeypatch.setattr(ort, "InferenceSession", lambda *a, **k: opened.append(1) or real(*a, **k))
    barrier = threading.Barrier(8)

    def ask(i):
        barrier.wait()
        return toy_model("generator", z=np.full((1, 3), i))["x"][0, 0, 0, 0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert len(opened) == 1
    assert answers == sorted(answers)
    assert len(set(answers)) == 8


CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("auto", [CUDA, CPU], [CUDA, CPU]),
        ("auto", [CPU], [CPU]),
        ("cuda", [CUDA, CPU], [CUDA, CPU]),
        ("cuda", [CPU], [CPU]),
        ("cpu", [CUDA, CPU], [CPU]),
    ],
)
def test_cuda_is_used_if_it_is_there_and_not_declined(wanted, available, chosen):
    assert Backend(wanted, available).providers == chosen


def test_a_warning_says_that_cuda_was_asked_for_and_is_not_used():
    assert "CUDA was asked for" in Backend("cuda", [CPU]).warning("CPU")
    assert "CUDA was asked for" in Backend("auto", [CUDA, CPU]).warning("CPU")
    assert Backend("cuda", [CUDA, CPU]).warning("CUDA") is None
    assert Backend("auto", [CPU]).warning("CPU") is None
    assert Backend("cpu", [CUDA, CPU]).warning("CPU") is None


def test_an_unknown_provider_is_refused():
    with pytest.raises(UserError, match="may be auto, cuda or cpu"):
        _ = Backend("tpu").providers


def test_the_provider_shown_is_the_one_in_use(toy_model):
    assert toy_model.provider == "CPU"


class OnCuda:
    """A session of onnxruntime-gpu on a machine with a device, which runs what it is given."""

    asked: ClassVar[list[list[str]]] = []

    def __init__(self, content, options, providers):
        self.asked.append(providers)
        self._session = SESSION(content, options, providers=[CPU])

    def get_providers(self):
        return [CUDA, CPU]

    def run(self, names, feed):
        return self._session.run(names, feed)


SESSION = ort.InferenceSession


def test_onnxruntime_gpu_is_used_without_other_changes(toy_model, monkeypatch):
    monkeypatch.delenv("LATENT_PROVIDER", raising=False)
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(ort, "InferenceSession", OnCuda)
    monkeypatch.setattr(runtime, "backend", Backend())
    assert toy_model("generator", z=np.ones((2, 3)))["x"].shape == (2, 1, 4, 4)
    assert toy_model.provider == "CUDA"
    assert OnCuda.asked.pop() == [CUDA, CPU], "what CUDA cannot do is done by the CPU"
    assert runtime.backend.warning(toy_model.provider) is None


@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider'")
def test_onnxruntime_gpu_without_a_usable_device_runs_on_the_cpu_and_says_so(
    toy_model, monkeypatch
):
    monkeypatch.setattr(runtime, "backend", Backend("auto", [CUDA, CPU]))
    used = toy_model.provider
    assert toy_model("generator", z=np.ones((2, 3)))["x"].shape == (2, 1, 4, 4)
    if CUDA not in ort.get_available_providers():
        assert used == "CPU"
        assert "runs on CPU" in runtime.backend.warning(used)


def test_pixels_change_scale_once_round_and_clip():
    x = np.array([-0.2, 0, 0.5, 1, 7], np.float32).reshape(1, 1, 1, 5)
    assert to_uint8(x).ravel().tolist() == [0, 0, 128, 255, 255]
    assert to_uint8(2 * x - 1, (-1, 1)).ravel().tolist() == [0, 0, 128, 255, 255]
    assert to_uint8(np.zeros((2, 3, 4, 5))).shape == (2, 4, 5, 3)


@pytest.mark.parametrize("value_range", [(0, 1), (-1.0, 1.0), (-0.5, 2.5)])
def test_bytes_come_back_from_every_range_as_they_were(value_range):
    images = np.arange(256, dtype=np.uint8).reshape(2, 8, 16, 1).repeat(3, 3)
    x = from_uint8(images, value_range)
    assert (x.dtype, x.shape) == (np.float32, (2, 3, 8, 16))
    np.testing.assert_allclose([x.min(), x.max()], value_range)
    np.testing.assert_array_equal(to_uint8(x, value_range), images)


def test_pixels_change_scale_in_one_module_alone():
    """Elsewhere in what serves, 255 is no factor: but for the lengths of runs, and for shades that are no image."""
    found = set()
    for path in Path("gen_models").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
                sides = {ast.unparse(node.left), ast.unparse(node.right)}
                if any("255" in side and len(side) < 17 for side in sides):
                    found.add(f"{path.name}: {ast.unparse(node)}")
    assert found == {
        "runtime.py: 255 / (high - low)",
        "runtime.py: images.transpose(0, 3, 1, 2) / np.float32(255)",
        "drawing.py: 255 * (pieces - 1)",
        "board.py: 255 * p",
        "image_files.py: values * 255",  # of a file whose pixels are floats
    }


def test_examples_are_the_tiles_of_a_strip(toy_model):
    assert toy_model.examples().shape == (0, 1, 1, 1)
    strip = np.repeat(np.arange(3, dtype=np.uint8) * 100, 4)[None].repeat(4, 0)
    runtime.Image.fromarray(strip).save(toy_model.folder / "examples.png")
    assert toy_model.examples()[:, 0, 0, 0].tolist() == [0, 100, 200]
