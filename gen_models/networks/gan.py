"""Define generators G: z -> x̂ and discriminators D: x -> logit, for square images in [0, 1].

Two pairs. `Generator` and `Discriminator` are the ones the project trains; `DCGANGenerator` and `DCGANDiscriminator`
are the lecture's (§3.7; Radford, Metz and Chintala 2016), kept as they were for comparison.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.errors import UserError


class Generator(nn.Module):
    """Maps z of (b, latent_dim), N(0, I), to images in [0, 1].

    Each doubling is convolution, nearest-neighbour up-sampling, convolution: less checkerboard than a transposed
    convolution. `width` is the number of channels at half the final side; it doubles with each halving, to 8 `width`.
    """

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        """Length of z."""
        sides = downsampled_sides(size)
        widths = [width * min(2**i, 8) for i in range(len(sides))][::-1]
        c, side = widths[0], sides[-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, c * side**2, bias=False),
            nn.Unflatten(1, (c, side, side)),
            nn.BatchNorm2d(c),
            nn.LeakyReLU(0.2),
        ]
        last = max(width // 2, 8)
        for c_in, c_out in zip(widths, [*widths[1:], last], strict=True):
            layers += [*_convolution(c_in, c_out), nn.Upsample(scale_factor=2)]
            layers += _convolution(c_out, c_out)
        self.net = nn.Sequential(*layers, nn.Conv2d(last, channels, 3, 1, 1), nn.Sigmoid())

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Generate images."""
        return self.net(z)


class Discriminator(nn.Module):
    """Maps images to logits of "real".

    No normalisation: a gradient penalty is a statement about one image, and BatchNorm would tie it to the others.
    What D sees of the batch is one number, the mean standard deviation of the features over it: a collapsed generator
    shows in it (Karras et al. 2018; lecture §5.5).
    """

    def __init__(self, channels: int, size: int, width: int) -> None:
        super().__init__()
        sides = downsampled_sides(size)
        widths = [width * min(2**i, 8) for i in range(len(sides))]
        layers: list[nn.Module] = []
        for c_in, c_out in zip([channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(c_in, c_out, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*layers)
        c = widths[-1]
        self.features = c * sides[-1] ** 2
        """Dimensions of what the trunk gives for an image."""
        self.head = nn.Sequential(
            nn.Conv2d(c + 1, c, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(self.features, 1),
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1"]:
        """Judge images."""
        return self.psi(self.phi(x))

    def phi(
        self, x: Float[Tensor, "b c h w"], y: Float[Tensor, "b n"] | None = None
    ) -> Float[Tensor, "b f"]:
        """Return features of images; with their classes y, D sees of a batch how it varies within a class."""
        h = self.trunk(2 * x - 1)
        varying = h if y is None else h - class_means(h, y)
        return self.head[:-1](torch.cat([h, minibatch_std(varying)], dim=1))

    def psi(self, phi: Float[Tensor, "b f"]) -> Float[Tensor, "b 1"]:
        """Return the logits of features, an affine function."""
        return self.head[-1](phi)


class ClassGenerator(nn.Module):
    """Maps (z, y) to images in [0, 1], y the class, one-hot: a generator of z beside an embedding e_y of the class.

    e is linear in y, so a mixture of two one-hot y is a mixture of their embeddings.
    """

    def __init__(self, channels: int, size: int, width: int, latent_dim: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Linear(classes, latent_dim, bias=False)
        nn.init.normal_(self.embedding.weight)  # as large as z
        self.G = Generator(channels, size, width, 2 * latent_dim)

    def code(self, z: Float[Tensor, "b k"], y: Float[Tensor, "b n"]) -> Float[Tensor, "b 2*k"]:
        """Return what `G` is given: z, and the embedding of the class."""
        return torch.cat([z, self.embedding(y)], dim=1)

    def forward(self, z: Float[Tensor, "b k"], y: Float[Tensor, "b n"]) -> Float[Tensor, "b c h w"]:
        """Generate images of classes."""
        return self.G(self.code(z, y))


class ProjectionDiscriminator(nn.Module):
    """Maps (x, y) to the logit ψ(φ(x)) + ⟨v_y, φ(x)⟩, y the class, one-hot (Miyato and Koyama 2018).

    ψ(φ(x)), a `Discriminator`, judges whether x is real, and the product whether it is of class y. Over a whole batch
    images vary by their classes alone: a generator that makes one image of each shows in how they vary within a class.
    """

    def __init__(self, channels: int, size: int, width: int, classes: int) -> None:
        super().__init__()
        self.D = Discriminator(channels, size, width)
        self.v = nn.Linear(classes, self.D.features, bias=False)
        bound = self.D.features**-0.5  # that of ψ: both terms begin alike
        nn.init.uniform_(self.v.weight, -bound, bound)

    def forward(self, x: Float[Tensor, "b c h w"], y: Float[Tensor, "b n"]) -> Float[Tensor, "b 1"]:
        """Judge images as those of their classes."""
        phi = self.D.phi(x, y)
        return self.D.psi(phi) + (self.v(y) * phi).sum(1, keepdim=True)


class DCGANGenerator(nn.Module):
    """Follows the lecture's generator: transposed convolutions from 1 x 1 up, BatchNorm, ReLU, tanh.

    There are five of them at 64 pixels; at 32 the last one keeps the side, so there are five too.
    """

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        doublings = _doublings_from_4(size)
        widths = [width * min(2**i, 8) for i in range(4)][::-1]
        layers: list[nn.Module] = [
            nn.Unflatten(1, (latent_dim, 1, 1)),
            nn.ConvTranspose2d(latent_dim, widths[0], 4, 1, 0, bias=False),
        ]
        for i, (c_in, c_out) in enumerate(zip(widths, [*widths[1:], channels], strict=True)):
            stride = (4, 2, 1) if i < doublings else (3, 1, 1)
            layers += [nn.BatchNorm2d(c_in), nn.ReLU()]
            layers += [nn.ConvTranspose2d(c_in, c_out, *stride, bias=False)]
        self.net = nn.Sequential(*layers, nn.Tanh())
        self.apply(_dcgan_init)

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Generate images in [0, 1]."""
        return 0.5 + 0.5 * self.net(z)


class DCGANDiscriminator(nn.Module):
    """Follows the lecture's discriminator: strided convolutions, BatchNorm, leaky ReLU."""

    def __init__(self, channels: int, size: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(_doublings_from_4(size))]
        layers: list[nn.Module] = []
        for i, (c_in, c_out) in enumerate(zip([channels, *widths], widths, strict=False)):
            layers += [nn.Conv2d(c_in, c_out, 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(c_out)] * (i > 0) + [nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False))
        self.apply(_dcgan_init)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1"]:
        """Judge images in [0, 1]."""
        return self.net(2 * x - 1).flatten(1)


def downsampled_sides(size: int) -> list[int]:
    """Return the sides after each halving of `size`, down to the first that is odd or at most 4: 28 -> [14, 7].

    Raises:
        UserError: the size cannot be halved, or ends at more than 7.
    """
    sides = []
    side = size
    while side % 2 == 0 and side > 4:
        side //= 2
        sides.append(side)
    if not sides or side > 7:
        raise UserError(
            f"Images of {size} pixels cannot be halved down to 7 or fewer: choose 28, 32, 64 or 128."
        )
    return sides


def minibatch_std(h: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
    """Average the standard deviation over the batch of each feature to one value, as one more channel."""
    spread = (h.float().var(0, unbiased=False) + 1e-6).sqrt().mean()
    return spread.to(h.dtype).expand(len(h), 1, *h.shape[2:])


def class_means(h: Float[Tensor, "b c h w"], y: Float[Tensor, "b n"]) -> Float[Tensor, "b c h w"]:
    """Return for each image of a batch the mean features of its class, y one-hot."""
    share = y / y.sum(0).clamp(min=1)  # of each image in the mean of its class
    return (y @ (share.T @ h.flatten(1).float())).view_as(h).to(h.dtype)


def _convolution(c_in: int, c_out: int) -> list[nn.Module]:
    return [
        nn.Conv2d(c_in, c_out, 3, 1, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.LeakyReLU(0.2),
    ]


def _doublings_from_4(size: int) -> int:
    doublings = {32: 3, 64: 4}.get(size)
    if doublings is None:
        raise UserError(f"The lecture's DCGAN is for 32 or 64 pixels, not {size}.")
    return doublings


def _dcgan_init(layer: nn.Module) -> None:
    """Draw weights of N(0, 0.02²) and scales of N(1, 0.02²), as the paper has them."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)
