"""Networks for documents: counts of words to a code, a code to words, and latent semantic analysis (lecture §1.3)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from gen_models.families import WordWeighting

HIDDEN = (500, 250, 125)
"""Widths between the words and the code, after Hinton and Salakhutdinov 2006."""
LENGTH = 10.0
"""Length that an encoder scales the weighted words of a document to: then they vary by about 1 where they occur."""
EPS = 1e-6
"""Added to a length before it divides: a document without words stays zero."""


class Weighting(nn.Module):
    """Weighs counts n, and scales each document to length 1.

    raw: n. log: log(1 + n). tf-idf: log(1 + n) log(D / D_w), where D_w of D training documents have the word w.
    """

    idf: Tensor

    def __init__(self, kind: WordWeighting, counts: Float[Tensor, "n w"]) -> None:
        super().__init__()
        self.kind = kind
        documents = (counts > 0).sum(0).clamp_min(1)
        self.register_buffer("idf", (len(counts) / documents).log())

    def forward(self, counts: Float[Tensor, "b w"]) -> Float[Tensor, "b w"]:
        """Weigh counts."""
        x = counts if self.kind is WordWeighting.RAW else counts.log1p()
        if self.kind is WordWeighting.TF_IDF:
            x = x * self.idf
        return x / (x.square().sum(1, keepdim=True).sqrt() + EPS)


class DocumentEncoder(nn.Module):
    """Gives mean and log-variance of a Gaussian of codes; in training, each word is left out with a probability."""

    def __init__(self, weighting: Weighting, code: int, word_dropout: float) -> None:
        super().__init__()
        self.weighting = weighting
        self.word_dropout = word_dropout
        self.layers = _layers((len(weighting.idf), *HIDDEN))
        self.mu = nn.Linear(HIDDEN[-1], code)
        self.logvar = nn.Linear(HIDDEN[-1], code)

    def forward(
        self, counts: Float[Tensor, "b w"]
    ) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Encode counts."""
        x = LENGTH * self.weighting(counts)
        h = self.layers(F.dropout(x, self.word_dropout, self.training))
        return self.mu(h), self.logvar(h).clamp(-8, 4)


class MeanCode(nn.Module):
    """z = mu: the encoder as it is used."""

    def __init__(self, encoder: DocumentEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, counts: Float[Tensor, "b w"]) -> Float[Tensor, "b k"]:
        """Encode counts."""
        return self.encoder(counts)[0]


class BitCode(nn.Module):
    """z = 1 where mu > 0, and −1 elsewhere: the encoder of bits as it is used."""

    def __init__(self, encoder: DocumentEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, counts: Float[Tensor, "b w"]) -> Float[Tensor, "b k"]:
        """Encode counts."""
        mu, _ = self.encoder(counts)
        return torch.where(mu > 0, 1.0, -1.0)


class DocumentDecoder(nn.Module):
    """Gives logits over all words."""

    def __init__(self, words: int, code: int) -> None:
        super().__init__()
        self.layers = _layers((code, *HIDDEN[::-1]))
        self.logits = nn.Linear(HIDDEN[0], words)

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b w"]:
        """Decode codes."""
        return self.logits(self.layers(z))


class WordProbabilities(nn.Module):
    """p = softmax(logits): the decoder as it is used."""

    def __init__(self, decoder: DocumentDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b w"]:
        """Decode codes."""
        return self.decoder(z).softmax(1)


class LSAEncoder(nn.Module):
    """z = x V, x the weighted counts and V the first right singular vectors of those of all training documents."""

    def __init__(self, weighting: Weighting, V: Float[Tensor, "w k"]) -> None:
        super().__init__()
        self.weighting = weighting
        self.V = nn.Parameter(V)

    def forward(self, counts: Float[Tensor, "b w"]) -> Float[Tensor, "b k"]:
        """Encode counts."""
        return self.weighting(counts) @ self.V


class LSADecoder(nn.Module):
    """x̂ = z Vᵀ: weights of words, not probabilities."""

    def __init__(self, V: Float[Tensor, "w k"]) -> None:
        super().__init__()
        self.V = nn.Parameter(V)

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b w"]:
        """Decode codes."""
        return z @ self.V.T


class HeldOut(nn.Module):
    """What is kept of some test documents: the code, the topic and the words of largest weight, by number."""

    z: Tensor
    topic: Tensor
    words: Tensor

    def __init__(
        self, z: Float[Tensor, "n k"], topic: Int[Tensor, " n"], words: Int[Tensor, "n m"]
    ) -> None:
        super().__init__()
        self.register_buffer("z", z)
        self.register_buffer("topic", topic.to(torch.uint8))
        self.register_buffer("words", words.to(torch.int16))

    def forward(
        self, index: Int[Tensor, " b"]
    ) -> tuple[Float[Tensor, "b k"], Int[Tensor, " b"], Int[Tensor, "b m"]]:
        """Look documents up."""
        return self.z[index].float(), self.topic[index].long(), self.words[index].long()


def _layers(widths: tuple[int, ...]) -> nn.Sequential:
    made: list[nn.Module] = []
    for a, b in pairwise(widths):
        made += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU()]
    return nn.Sequential(*made)
