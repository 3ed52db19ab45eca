"""Codes of documents: the maths on cases solved by hand, and a few steps from counts to a card."""

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from test_data_texts import write_texts
from torch import nn

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import DocumentFacts, DocumentKind, MetricId, WordWeighting
from gen_models.networks.documents import BitCode, DocumentEncoder, Weighting
from gen_models.runtime import Model
from training import documents
from training.data.common import Info
from training.data.texts import load_texts
from training.data.word_counts import Texts
from training.engine.export import round_to_int8
from training.engine.retrieval import average_precision, retrieve
from training.evaluation.documents import bits_by_topic
from training.objectives import cross_entropy_of_words

INFO = Info("three", "Three documents", "public domain", "nowhere", "0" * 64, ("a", "b"))


def counted(rows):
    """Documents with these counts."""
    counts = torch.tensor(rows, dtype=torch.uint8)
    words = tuple(f"word{i}" for i in range(counts.shape[1]))
    return Texts(counts, torch.zeros(len(counts), dtype=torch.long), words, INFO)


# Equations


def test_the_loss_is_the_cross_entropy_of_the_shares_of_words():
    counts = torch.tensor([[3.0, 1, 0], [0, 0, 0]])
    p = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]])
    loss = cross_entropy_of_words(counts, p.log() + 7)  # logits are free up to a constant
    # 3 of 4 words have probability 1/2, one 1/4: 3/4 log 2 + 1/4 log 4; an empty document costs nothing.
    assert loss.tolist() == pytest.approx([0.75 * math.log(2) + 0.25 * math.log(4), 0])


def test_tf_idf_weighs_down_what_every_document_has():
    counts = torch.tensor([[1.0, 1, 0], [1, 0, 0], [1, 0, 3], [1, 0, 0]])
    x = Weighting(WordWeighting.TF_IDF, counts)(counts)
    # The first word is in all four, log(4/4) = 0; alone it leaves nothing. The others are in one each, log 4.
    assert x.flatten().tolist() == pytest.approx([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], abs=1e-5)
    both = Weighting(WordWeighting.TF_IDF, counts)(torch.tensor([[5.0, 1, 3]]))[0]
    assert float(both[2] / both[1]) == pytest.approx(math.log(4) / math.log(2))
    assert float(both.norm()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "wanted"), [("raw", [0.6, 0.8, 0]), ("log", [math.log(4), math.log(5), 0])]
)
def test_raw_and_log_weights_are_scaled_to_length_one(kind, wanted):
    counts = torch.tensor([[3.0, 4, 0]])
    x = Weighting(WordWeighting(kind), counts)(counts)[0]
    assert x.tolist() == pytest.approx(
        (np.array(wanted) / np.linalg.norm(wanted)).tolist(), abs=1e-5
    )


def test_lsa_of_three_documents_is_their_svd():
    """Two alike on two words, one on the third: the singular directions are (1, 1, 0) / √2 and (0, 0, 1)."""
    data = counted([[2, 2, 0], [5, 5, 0], [0, 0, 3]])
    encoder, decoder = documents.lsa(documents.Config("l", kind="lsa", weighting="raw"), data, 2)
    half = math.sqrt(0.5)
    z = encoder(data.counts.float())
    torch.testing.assert_close(z, torch.tensor([[1.0, 0], [1, 0], [0, 1]]), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        decoder(torch.eye(2)), torch.tensor([[half, half, 0], [0, 0, 1]]), atol=1e-5, rtol=0
    )
    with pytest.raises(UserError, match="no code of 4 numbers"):
        documents.lsa(documents.Config("l", kind="lsa"), data, 4)


def test_average_precision_is_the_mean_of_the_precision_at_each_hit():
    same = np.array([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]], bool)
    assert average_precision(same).tolist() == pytest.approx([(1 + 2 / 3) / 2, 1 / 4, 1, 0])


def test_neighbours_in_a_plane_are_near_and_beyond_it_in_one_direction():
    codes = np.array([[1.0, 0], [1.1, 0], [9, 9], [9, 8]])
    labels = np.array([0, 0, 1, 1])
    found = retrieve(np.array([[0.9, 0.1]]), np.array([0]), codes, labels)
    assert found.precision == {1: 1.0, 3: pytest.approx(2 / 3)}
    assert found.mean_average_precision == 1
    # In three dimensions it is the angle that counts: (2, 0, 0) is as near to (1, 0, 0) as can be.
    codes = np.array([[0.9, 0.5, 0], [2, 0, 0]])
    found = retrieve(np.array([[1.0, 0, 0]]), np.array([1]), codes, np.array([0, 1]))
    assert found.precision == {1: 1.0}


def test_bits_are_searched_by_hamming_distance_and_the_first_of_a_tie_comes_first():
    query = np.array([[1.0, 1, 1, -1]])
    codes = np.array(
        [[1.0, -1, 1, 1], [1, 1, 1, 1], [-1, 1, 1, -1], [1, 1, 1, -1], [-1, -1, -1, 1]]
    )
    # They differ in 2, 1, 1, 0 and 4 bits: the ranks of those on topic 1, the second and the third, are 2 and 3.
    labels = np.array([0, 1, 1, 0, 0])
    found = retrieve(query, np.array([1]), codes, labels)
    assert found.mean_average_precision == pytest.approx((1 / 2 + 2 / 3) / 2)
    tied = np.array([[1.0, 1, 1, 1], [-1, 1, 1, -1], [1, -1, 1, -1], [1, 1, -1, -1]] * 40)
    same = np.arange(160) < 3
    found = retrieve(query, np.array([1]), tied, same.astype(int))
    assert found.precision[3] == 1


def test_noise_before_the_sigmoid_leaves_large_numbers_to_say_something():
    # 2 sigmoid(x) − 1: sigmoid(log 3) = 3/4.
    x = torch.tensor([[0.0, math.log(3), -math.log(3), 40]])
    torch.testing.assert_close(documents.noisy_bits(x), torch.tensor([[0, 0.5, -0.5, 1]]))


def test_a_code_of_bits_is_the_sign_of_the_mean():
    mean = torch.tensor([[-0.1, 0, 0.2]])
    bits = BitCode(lambda counts: (counts * mean, counts))
    assert bits(torch.ones(1, 3)).tolist() == [[-1, -1, 1]]


def test_the_preview_of_bits_has_a_row_for_each_topic():
    codes = np.array([[1.0, 1, -1], [1, -1, -1], [-1, 1, -1]])
    image = bits_by_topic(codes, np.array([0, 0, 1]))
    assert image.shape == (480, 480, 3)
    assert image[::240, ::160, 0].tolist() == [[255, 128, 0], [0, 255, 0]]


def test_words_are_dropped_in_training_alone():
    counts = torch.ones(1, 400)
    encoder = DocumentEncoder(Weighting(WordWeighting.LOG, counts), 2, word_dropout=0.5)
    encoder.eval()
    torch.testing.assert_close(encoder(counts), encoder(counts))
    encoder.train()
    seen = []
    encoder.layers.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    encoder(counts.expand(64, -1))
    assert float((seen[0] == 0).float().mean()) == pytest.approx(0.5, abs=0.02)


def test_eight_bits_keep_each_row_to_half_a_step():
    layer = nn.Linear(50, 40)
    before = layer.weight.detach().clone()
    round_to_int8(layer)
    step = before.abs().amax(1, keepdim=True) / 127
    assert ((layer.weight - before).abs() <= step / 2 * 1.001).all()
    assert not torch.equal(layer.weight, before)
    once = layer.weight.detach().clone()
    round_to_int8(layer)
    torch.testing.assert_close(layer.weight, once, rtol=1e-6, atol=1e-7)


# Runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Texts on two topics, which no word joins."""
    return write_texts(tmp_path_factory.mktemp("texts") / "mine", 60)


def config(tmp_path: Path, folder: Path, **options) -> documents.Config:
    return documents.Config(
        "toy",
        runs=tmp_path / "runs",
        exported=tmp_path / "exported",
        data=f"texts:{folder}",
        accelerator="cpu",
        **options,
    )


def test_a_few_steps_separate_two_topics(tmp_path, folder):
    documents.main(config(tmp_path, folder, codes=(2, 3), steps=40, batch=32))
    at = tmp_path / "exported" / "toy"
    card = cards.load(at / "card.json")
    model = Model(card, at)
    facts = card.facts_as(DocumentFacts)
    assert (facts.kind, facts.code_sizes) == (DocumentKind.AUTOENCODER, (2, 3))
    assert facts.topics == ("cars", "space")
    assert card.effort.startswith("2,560 documents seen")
    assert max(graph.parity for graph in card.graphs.values()) < 1e-4
    assert card.metrics[MetricId.NEIGHBOUR_ACCURACY.of(2)].value == 1
    assert card.metrics[MetricId.MEAN_AVERAGE_PRECISION.of(3)].value > 0.9

    test = load_texts(f"texts:{folder}", "test")
    z = model("encoder_2", counts=test.counts.numpy())["z"]
    kept = model("documents", index=np.arange(len(test)))
    np.testing.assert_allclose(kept["z"], z, atol=1e-5)
    assert kept["topic"].tolist() == test.y.tolist()
    words = {facts.words[i] for i in kept["words"][0]}
    assert words & {"orbit", "moon", "rocket", "launch"} or words & {"engine", "wheel", "brake"}
    p = model("decoder_2", z=z)["words"]
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-4)

    # The matrices are stored in eight bits: fewer bytes than parameters would take.
    encoder = card.graphs["encoder_3"]
    assert encoder.bytes < 2 * encoder.parameters


def test_a_few_steps_make_bits(tmp_path, folder):
    documents.main(
        config(tmp_path, folder, codes=(8,), bit_noise=1.0, steps=40, batch=32, log_every=10)
    )
    at = tmp_path / "exported" / "toy"
    card = cards.load(at / "card.json")
    model = Model(card, at)
    assert card.facts_as(DocumentFacts).bit_noise == 1
    assert max(graph.parity for graph in card.graphs.values()) < 1e-4
    assert card.metrics[MetricId.MEAN_AVERAGE_PRECISION.of(8)].value > 0.9
    test = load_texts(f"texts:{folder}", "test")
    z = model("encoder_8", counts=test.counts.numpy())["z"]
    assert set(np.unique(z)) == {-1, 1}
    np.testing.assert_array_equal(model("documents", index=np.arange(len(test)))["z"], z)
    drawn = (at / cards.LOSSES).read_text("utf-8")
    assert ">cross_entropy<" in drawn
    assert ">kl<" not in drawn, "it is not in their loss"


def test_lsa_is_exported_without_a_run(tmp_path, folder):
    documents.main(config(tmp_path, folder, kind="lsa", codes=(2,)))
    card = cards.load(tmp_path / "exported" / "toy" / "card.json")
    assert card.effort.startswith("no training steps")
    assert card.metrics[MetricId.NEIGHBOUR_ACCURACY.of(2)].value == 1
    assert MetricId.CROSS_ENTROPY.of(2) not in card.metrics


@pytest.mark.parametrize(
    "options", [{"kind": "lsa"}, {"codes": (4,), "bit_noise": 1.0, "steps": 2}], ids=["lsa", "bits"]
)
def test_validation_exports_nothing(tmp_path, folder, capsys, options):
    documents.main(config(tmp_path, folder, validate=True, **options))
    assert "held out" in capsys.readouterr().out
    assert not (tmp_path / "exported").exists()


def test_all_words_cannot_be_dropped(tmp_path, folder):
    with pytest.raises(UserError, match="below 1"):
        config(tmp_path, folder, word_dropout=1.0).check()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "lsa", "bit_noise": 4.0}, "not of LSA's"),
        ({"codes": (8, 16), "bit_noise": 4.0}, "one size, not 2"),
        ({"bit_noise": -1.0}, "bit-noise"),
        ({"bit_noise": math.nan}, "bit-noise"),
    ],
)
def test_bits_that_cannot_be_made_are_refused(tmp_path, folder, options, said):
    with pytest.raises(UserError, match=said):
        config(tmp_path, folder, **options).check()
