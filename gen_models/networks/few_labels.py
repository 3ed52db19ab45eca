"""A classifier on the code of an encoder, and codes brought to mean 0 and variance 1."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class Classifier(nn.Module):
    """Maps x in [0, 1] to logits of the classes, by a linear layer on the first `code` outputs of an encoder."""

    def __init__(self, encoder: nn.Module, code: int, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.code = code
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(code, classes))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b classes"]:
        """Classify images."""
        return self.head(self.encoder(x)[:, : self.code])


class Probabilities(nn.Module):
    """p(y|x) = softmax of a classifier's logits."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b classes"]:
        """Classify images."""
        return self.classifier(x).softmax(1)


class StandardisedEncoder(nn.Module):
    """z = (E(x) − m) / s, with mean and standard deviation of the codes: of a VAE those of the mean of q(z|x)."""

    m: Tensor
    s: Tensor

    def __init__(self, encoder: nn.Module, m: Float[Tensor, " k"], s: Float[Tensor, " k"]) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("m", m)
        self.register_buffer("s", s)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Encode images."""
        return (self.encoder(x)[:, : len(self.m)] - self.m) / self.s


class StandardisedDecoder(nn.Module):
    """x̂ = sigmoid(D(m + s z)): the inverse of the above, decoded."""

    m: Tensor
    s: Tensor

    def __init__(self, decoder: nn.Module, m: Float[Tensor, " k"], s: Float[Tensor, " k"]) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("m", m)
        self.register_buffer("s", s)

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Decode codes."""
        return self.decoder(self.m + z * self.s).sigmoid()
