import subprocess

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import onnx
import onnxruntime as ort
from torch import nn

from gen_models import cards
from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import GANFacts, GANRecipe
from gen_models.runtime import Model
from training.data import Images, Info, load
from training.engine import export as export_module
from training.engine.export import ParityError, Spec, dataset, examples, export, load_exported
from training.engine.run import RunConfig


class Twin(nn.Module):
    """Doubles its input, and computes something else while it is exported."""

    def __init__(self, faithful):
        super().__init__()
        self.faithful = faithful

    def forward(self, z):
        cheat = torch.compiler.is_exporting() and not self.faithful
        return 2 * z + 0.01 if cheat else 2 * z


def export_twin(root, folder, faithful):
    test = load(f"folder:{folder}", "test", size=8)
    return export(
        root=root, name="twin", family="gan", title="Twin", lecture="§0", summary="s", limitations="l", module="m",
        config=RunConfig("twin"), data=dataset(test.info, f"folder:{folder}", 8), examples_of=test,
        facts=GANFacts(GANRecipe.DCGAN), runs=[],
        graphs={"generator": Spec(Twin(faithful), (Port("z", ("batch", 3)),), {"x": None})},
    )  # fmt: skip


def test_a_graph_that_computes_something_else_is_refused_and_nothing_is_written(
    tmp_path, picture_folder
):
    root = tmp_path / "exported"
    with pytest.raises(ParityError, match="differs from torch"):
        export_twin(root, picture_folder, faithful=False)
    assert not root.exists()


def test_an_export_is_one_file_with_a_card_that_describes_it(tmp_path, picture_folder):
    folder = export_twin(tmp_path, picture_folder, faithful=True)
    assert {p.name for p in folder.iterdir()} == {
        "generator.onnx",
        "card.json",
        "README.md",
        "examples.png",
    }
    card = cards.load(folder / "card.json")
    model = Model(card, folder)
    assert model.check() is None
    assert model("generator", z=[[1, 2, 3]])["x"].tolist() == [[2, 4, 6]]
    assert card.graphs["generator"].outputs == (Port("x", ("batch", 3)),)
    assert card.dataset.sha256
    assert card.config["steps"] == 5000


def test_exporting_again_removes_graphs_that_the_card_no_longer_names(tmp_path, picture_folder):
    folder = export_twin(tmp_path, picture_folder, faithful=True)
    (folder / "old.onnx").write_bytes(b"")
    export_twin(tmp_path, picture_folder, faithful=True)
    assert not (folder / "old.onnx").exists()


def test_examples_take_the_classes_in_turn(picture_folder):
    data = load(f"folder:{picture_folder}", "train", size=8)
    data.y = torch.arange(len(data)) % 3
    data.x = data.y.view(-1, 1, 1, 1).expand_as(data.x).to(torch.uint8)
    assert examples(data, per_class=2)[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2]


def test_halved_weights_make_a_smaller_file_that_computes_what_the_rounded_network_does(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 500), nn.BatchNorm1d(500), nn.ReLU(), nn.Linear(500, 500))
    net(torch.randn(64, 3))  # statistics that are not those of an untrained BatchNorm
    port, whole, half = Port("z", ("batch", 3)), tmp_path / "whole", tmp_path / "half"
    for folder in (whole, half):
        folder.mkdir()
    big = export_module._export_graph("net", Spec(net, (port,), {"x": None}), whole)
    small = export_module._export_graph(
        "net", Spec(net, (port,), {"x": None}, fp16_weights=True), half
    )
    assert small.bytes < 0.6 * big.bytes
    assert small.parity < 1e-5
    assert torch.equal(net[3].weight, net[3].weight.half().float())


def test_a_halved_convolution_is_folded_with_its_norm_when_it_is_opened(tmp_path):
    """Exported as it is, it has a bias of zeros that is worked out at each call, and nothing can be folded."""
    layers = [nn.Conv2d(3, 64, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    port = Port("x", ("batch", 3, 8, 8))
    export_module._export_graph(
        "net", Spec(nn.Sequential(*layers), (port,), {"y": None}, fp16_weights=True), tmp_path
    )
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "opened.onnx")
    ort.InferenceSession(tmp_path / "net.onnx", options, providers=["CPUExecutionProvider"])
    kinds = {node.op_type for node in onnx.load(tmp_path / "opened.onnx").graph.node}
    assert kinds <= {"Conv", "ReorderInput", "ReorderOutput"}


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (nn.Conv2d(24, 3, 3, padding=1), "ConvTranspose"),
        (nn.Conv2d(24, 1, 5, padding=2, bias=False), "ConvTranspose"),
        (nn.Conv2d(24, 3, (3, 5), padding=(1, 2)), "ConvTranspose"),
        (nn.Conv2d(24, 5, 3, padding=1), "Conv"),  # to more channels than a picture has
        (nn.Conv2d(24, 3, 3), "Conv"),
        (nn.Conv2d(24, 3, 3, 2, 1), "Conv"),
        (nn.Conv2d(24, 3, 3, padding=2, dilation=2), "Conv"),
        (nn.Conv2d(24, 3, 3, padding=1, groups=3), "Conv"),
    ],
)
def test_a_convolution_to_few_channels_is_exported_as_its_transpose(last, kind, tmp_path):
    port = Port("x", ("batch", 24, 8, 8))
    graph = export_module._export_graph("net", Spec(last, (port,), {"y": None}), tmp_path)
    assert kind in [node.op_type for node in onnx.load(tmp_path / "net.onnx").graph.node]
    assert graph.parity < 1e-5


def thin(seed):
    """A network whose last convolution is exported as its transpose, with statistics of its own."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.Conv2d(16, 3, 3, 1, 1))
    net(torch.randn(8, 3, 8, 8))
    return net.eval()


def test_a_network_takes_its_weights_back_from_its_graph(tmp_path):
    net, other, x = thin(0), thin(1), torch.randn(2, 3, 8, 8)
    port = Port("x", ("batch", 3, 8, 8))
    spec = Spec(net, (port,), {"y": None}, fp16_weights=True)
    export_module._export_graph("net", spec, tmp_path)
    assert not torch.allclose(other(x), net(x))
    load_exported(other, tmp_path / "net.onnx")
    torch.testing.assert_close(other(x), net(x), atol=1e-6, rtol=0)


def test_weights_of_no_graph_of_another_network_or_of_folded_norms_are_refused(tmp_path):
    port = Port("x", ("batch", 3, 8, 8))
    export_module._export_graph("net", Spec(thin(0), (port,), {"y": None}), tmp_path)
    with pytest.raises(UserError, match="no graph of this network"):
        load_exported(
            thin(1), tmp_path / "net.onnx"
        )  # what is not stored as fp16 has its norms folded
    with pytest.raises(UserError, match="no graph of this network"):
        load_exported(nn.Sequential(nn.Conv2d(3, 16, 5)), tmp_path / "net.onnx")
    with pytest.raises(UserError, match="no exported graph"):
        load_exported(thin(1), tmp_path / "none.onnx")


def test_examples_of_classes_of_unequal_size():
    x = torch.arange(9, dtype=torch.uint8).view(9, 1, 1, 1)
    y = torch.tensor([0, 0, 0, 0, 0, 2, 2, 1, 0])
    data = Images(x, y, Info("", "", "", "", ""))
    assert examples(data).flatten().tolist() == [0, 7, 5, 1, 6, 2, 3]
    assert examples(data, 1).flatten().tolist() == [0, 7, 5]
    assert len(examples(Images(x, None, data.info))) == 9


def test_a_card_has_the_commit_of_the_code_wherever_it_was_trained(tmp_path, monkeypatch):
    """A notebook may run in another folder, and that in another repository."""
    here = export_module._commit()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    assert export_module._commit() == here
