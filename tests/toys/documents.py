"""Models of documents: the code of one is the counts of its first two words, of the other a bit for each word."""

from pathlib import Path

import numpy as np

from gen_models.cards import Port
from gen_models.families import DocumentFacts, DocumentKind, MetricId, WordWeighting
from gen_models.runtime import Array, Model
from toys.write import Graph, node, rows, write

WORDS = ("orbit", "engine", "moon", "wheel")
TOPICS = ("space", "cars")


def documents(
    root: Path,
    name: str,
    kind: str = "autoencoder",
    weighting: str = "tf-idf",
    word_dropout: float = 0.3,
    data: str = "posts",
    scale: float = 1.0,
    accuracy: float = 0.5,
    count: int = 40,
) -> Model:
    """E takes the counts of "orbit" and "engine", times `scale`; D gives them back as the weights of these words.

    Half of the held-out documents are on space, at z = scale (1 + i, 0), and half on cars, at scale (0, 1 + i). Their
    own words are the two of their topic.

    Args:
        root: holds the models.
        name: of the model.
        kind: "autoencoder" or "lsa".
        weighting: of the counts, for the card.
        word_dropout: in training, for the card.
        data: name of the data set.
        scale: of the code.
        accuracy: by 15 neighbours, for the card, at code sizes 2 and 10.
        count: held-out documents.
    """
    half = count // 2
    steps = np.arange(1, half + 1, dtype=np.float32)
    z = np.zeros((count, 2), np.float32)
    z[:half, 0], z[half:, 1] = steps, steps
    topic = np.repeat([0, 1], half)
    own = np.repeat([[0, 2], [1, 3]], half, axis=0)
    first = np.eye(len(WORDS), 2, dtype=np.float32) * scale
    graphs = {
        "encoder_2": Graph(
            [rows("counts", len(WORDS), (0, 5))],
            [rows("z", 2)],
            [node("MatMul", ["counts", "first"], ["z"])],
            {"first": first},
        ),
        "decoder_2": Graph(
            [rows("z", 2)],
            [rows("words", len(WORDS))],
            [node("MatMul", ["z", "back"], ["words"])],
            {"back": first.T.copy()},
        ),
        "documents": _documents(z * scale, topic, own),
    }
    metrics = {}
    for code, better in ((2, 0.0), (10, 0.1)):
        metrics[MetricId.NEIGHBOUR_ACCURACY.of(code)] = accuracy + better
        metrics[MetricId.MEAN_AVERAGE_PRECISION.of(code)] = (accuracy + better) / 2
        for n in (1, 3, 7):
            metrics[MetricId.PRECISION.of(code, n)] = (accuracy + better) / n**0.1
    facts = DocumentFacts(
        DocumentKind(kind), (2,), WordWeighting(weighting), TOPICS, WORDS, word_dropout
    )
    return write(root, name, facts, graphs, data=data, metrics=metrics)


def hashing(
    root: Path,
    name: str = "bits",
    bit_noise: float = 4.0,
    data: str = "posts",
    average_precision: float = 0.3,
    count: int = 40,
) -> Model:
    """E says of each of the four words whether it occurs, 1 or -1, and D gives it back.

    Half of the held-out documents are on space, and have "orbit" and "moon"; half on cars, and have "engine" and
    "wheel". Every fourth lacks the second of them. So two on one topic differ in at most 1 bit, others in 2, 3 or 4.

    Args:
        root: holds the models.
        name: of the model.
        bit_noise: in training, for the card.
        data: name of the data set.
        average_precision: for the card.
        count: held-out documents.
    """
    topic = np.repeat([0, 1], count // 2)
    own = np.repeat([[0, 2], [1, 3]], count // 2, axis=0)
    z = -np.ones((count, len(WORDS)), np.float32)
    np.put_along_axis(z, own, 1, axis=1)
    lacking = np.arange(3, count, 4)
    z[lacking, own[lacking, 1]] = -1
    k = len(WORDS)
    graphs = {
        f"encoder_{k}": Graph(
            [rows("counts", k, (0, 5))],
            [rows("z", k)],
            [node("Sub", ["counts", "half"], ["more"]), node("Sign", ["more"], ["z"])],
            {"half": np.array(0.5, np.float32)},
        ),
        f"decoder_{k}": Graph(
            [rows("z", k)], [rows("words", k)], [node("Identity", ["z"], ["words"])]
        ),
        "documents": _documents(z, topic, own),
    }
    facts = DocumentFacts(
        DocumentKind.AUTOENCODER, (k,), WordWeighting.TF_IDF, TOPICS, WORDS, bit_noise=bit_noise
    )
    metrics = {MetricId.MEAN_AVERAGE_PRECISION.of(k): average_precision}
    return write(root, name, facts, graphs, data=data, metrics=metrics)


def _documents(z: Array, topic: Array, own: Array) -> Graph:
    """Held-out documents by number."""
    index = Port("index", ("batch",), "int64", (0, len(z) - 1))
    numbers = Port("topic", ("batch",), "int64")
    return Graph(
        [index],
        [rows("z", z.shape[1]), numbers, Port("words", ("batch", own.shape[1]), "int64")],
        [
            node("Gather", ["all_z", "index"], ["z"]),
            node("Gather", ["all_topics", "index"], ["topic"]),
            node("Gather", ["all_words", "index"], ["words"]),
        ],
        {"all_z": z, "all_topics": topic, "all_words": own},
    )
