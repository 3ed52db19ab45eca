import ast
import os
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

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
        ("cpu", [CUDA, CPU], [CPU]),
    ],
)
def test_cuda_is_used_if_it_is_there_and_not_declined(wanted, available, chosen):
    assert Backend(wanted, available).providers == chosen


@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider'")
@pytest.mark.parametrize("available", [[CPU], [CUDA, CPU]], ids=["not offered", "no device"])
def test_cuda_that_is_insisted_on_and_not_to_be_had_is_refused(available):
    if CUDA in available and CUDA in ort.get_available_providers():
        pytest.skip("there may be a device here")
    with pytest.raises(UserError, match=r"'cuda', but onnxruntime runs on the CPU alone: install"):
        Backend("cuda", available).check()


def test_cuda_that_is_insisted_on_and_works_is_used(monkeypatch):
    monkeypatch.setattr(ort, "InferenceSession", OnCuda)
    assert Backend("cuda", [CUDA, CPU]).providers == [CUDA, CPU]
    assert OnCuda.asked.pop() == [CUDA, CPU]


def test_a_warning_says_that_cuda_is_offered_and_not_used():
    assert "offers CUDA but runs on CPU" in Backend("auto", [CUDA, CPU]).warning("CPU")
    assert Backend("auto", [CUDA, CPU]).warning("CUDA") is None
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


def is_open(model, role="generator"):
    """Whether a graph has a session, without opening one."""
    return role in model._sessions


def test_an_unused_session_is_closed_freed_and_comes_back_by_itself(toy_model):
    before = toy_model("generator", z=np.ones((2, 3)))["x"]
    session = weakref.ref(toy_model._sessions["generator"].session)
    assert runtime.close_unused([toy_model], idle_s=60) == 0
    assert is_open(toy_model)
    assert runtime.close_unused([toy_model], idle_s=0) == 1
    assert not is_open(toy_model)
    assert session() is None, "nothing else holds it, so its memory is free"
    assert runtime.close_unused([toy_model], idle_s=0) == 0
    np.testing.assert_array_equal(toy_model("generator", z=np.ones((2, 3)))["x"], before)
    assert is_open(toy_model)


def test_every_use_begins_the_idle_time_anew(toy_model, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(runtime.time, "monotonic", lambda: now[0])
    toy_model("generator", z=np.ones((1, 3)))
    for _ in range(5):
        now[0] += 50
        toy_model("generator", z=np.ones((1, 3)))
        assert runtime.close_unused([toy_model], idle_s=60) == 0
    now[0] += 61
    assert runtime.close_unused([toy_model], idle_s=60) == 1


def test_a_session_in_use_is_not_closed_until_it_is_done(toy_model, monkeypatch):
    running, may_end = threading.Event(), threading.Event()

    class Slow(OnCuda):
        def run(self, names, feed, *options):
            running.set()
            assert may_end.wait(10)
            return super().run(names, feed)

    monkeypatch.setattr(ort, "InferenceSession", Slow)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(toy_model, "generator", z=np.ones((1, 3)))
        assert running.wait(10)
        assert toy_model.close_unused(float("inf")) == 0
        assert is_open(toy_model)
        may_end.set()
        assert answer.result()["x"].shape == (1, 1, 4, 4)
    assert toy_model.close_unused(float("inf")) == 1


def test_a_run_that_fails_does_not_keep_its_session_in_use(toy_model, monkeypatch):
    class Broken(OnCuda):
        def run(self, names, feed):
            raise RuntimeError("broken")

    monkeypatch.setattr(ort, "InferenceSession", Broken)
    with pytest.raises(RuntimeError, match="broken"):
        toy_model("generator", z=np.ones((1, 3)))
    assert toy_model.close_unused(float("inf")) == 1


def test_many_threads_have_right_answers_while_sessions_are_closed_under_them(toy_model):
    expected = [toy_model("generator", z=np.full((1, 3), i))["x"] for i in range(4)]
    enough = threading.Event()

    def ask(i):
        answers = []
        while not enough.is_set():
            answers.append(toy_model("generator", z=np.full((1, 3), i))["x"])
            time.sleep(0.002)  # else there is no moment at which nobody uses it
        return answers

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, i) for i in range(4)]
        closed, until = 0, time.monotonic() + 30
        while closed < 10 and time.monotonic() < until:
            closed += runtime.close_unused([toy_model], idle_s=0)
        enough.set()
    assert closed == 10
    for answers, right in zip(asked, expected, strict=True):
        assert answers.result()
        for answer in answers.result():
            np.testing.assert_array_equal(answer, right)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_sessions_share_one_arena_and_closed_ones_give_it_back():
    """Two graphs that need 256 MB for a moment, one after the other."""
    n = 2**26
    graph = helper.make_graph(
        [
            helper.make_node("Expand", ["x", "n"], ["wide"]),
            helper.make_node("ReduceSum", ["wide"], ["y"], keepdims=0),
        ],
        "wide",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])],
        [helper.make_tensor("n", TensorProto.INT64, [1], [n])],
    )
    opset = [helper.make_opsetid("", 20)]
    content = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()

    def resident_mb():
        return (
            int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
        )

    before = resident_mb()
    sessions = [runtime._session(content, [CPU], 1) for _ in range(2)]
    for session in sessions:
        (y,) = session.run(None, {"x": np.ones(1, np.float32)})
        assert y == n
    assert 200 < resident_mb() - before < 400
    del session, sessions
    runtime._give_memory_back()
    assert resident_mb() - before < 100


def test_the_provider_is_known_without_keeping_a_session_open(toy_model):
    assert toy_model.provider == "CPU"
    runtime.close_unused([toy_model], idle_s=0)
    assert toy_model.provider == "CPU"
    assert not is_open(toy_model), "/healthz asks every half minute"


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
