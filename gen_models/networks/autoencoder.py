"""Map x -> z and z -> x, by convolutions for square images of any size, and by affine maps.

Images are halved until their side is odd or at most 8 pixels (28 -> 14 -> 7, 64 -> 32 -> 16 -> 8); the width grows
with each halving, to four times `width` at most.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gen_models.errors import UserError


class ConvEncoder(nn.Module):
    """Maps x in [0, 1] to `outputs` dimensions: the code of an autoencoder, or the parameters of a VAE's q(z|x)."""

    def __init__(self, channels: int, size: int, width: int, outputs: int) -> None:
        super().__init__()
        sides, widths = _pyramid(size, width)
        layers: list[nn.Module] = []
        for c_in, c_out in zip([channels, *widths], widths, strict=False):
            layers += [
                nn.Conv2d(c_in, c_out, 4, 2, 1, bias=False),
                nn.BatchNorm2d(c_out),
                nn.SiLU(),
            ]
        c = widths[-1]
        layers += [nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c), nn.SiLU()]
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(c * sides[-1] ** 2, outputs))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Encode images."""
        return self.net(x)


class ConvDecoder(nn.Module):
    """Maps z to `outputs` unbounded values per pixel: logits of a mean in [0, 1], or the parameters of p(x|z).

    Each doubling is convolution, nearest-neighbour up-sampling, convolution: less checkerboard than a transposed
    convolution, and the cheaper of the two orders with the first convolution on the small side.
    """

    def __init__(self, outputs: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        sides, widths = _pyramid(size, width)
        c, side = widths[-1], sides[-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, c * side**2, bias=False),
            nn.Unflatten(1, (c, side, side)),
            nn.BatchNorm2d(c),
            nn.SiLU(),
        ]
        for c_in, c_out in zip(widths[::-1], [*widths[-2::-1], widths[0]], strict=True):
            layers += [
                nn.Conv2d(c_in, c_out, 3, 1, 1, bias=False),
                nn.BatchNorm2d(c_out),
                nn.SiLU(),
            ]
            layers += [nn.Upsample(scale_factor=2)]
            layers += [
                nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False),
                nn.BatchNorm2d(c_out),
                nn.SiLU(),
            ]
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[0], outputs, 3, 1, 1))

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b o h w"]:
        """Decode latents."""
        return self.net(z)


class MeanDecoder(nn.Module):
    """Gives an image in [0, 1], x̂ = sigmoid(decoder(z)): an autoencoder's decoder."""

    def __init__(self, decoder: ConvDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Decode latents to images."""
        return self.decoder(z).sigmoid()


class AffineEncoder(nn.Module):
    """z = W (x − m), with m the mean of the data: the linear autoencoder's encoder and PCA's."""

    m: Tensor

    def __init__(self, mean: Float[Tensor, "c h w"], latent_dim: int) -> None:
        super().__init__()
        self.register_buffer("m", mean.flatten())
        self.W = nn.Parameter(torch.randn(latent_dim, mean.numel()) / mean.numel() ** 0.5)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Encode images."""
        return (x.flatten(1) - self.m) @ self.W.T


class AffineDecoder(nn.Module):
    """x̂ = m + z V. Unbounded: an affine map does not know that pixels end at 0 and 1."""

    m: Tensor

    def __init__(self, mean: Float[Tensor, "c h w"], latent_dim: int) -> None:
        super().__init__()
        self.shape = mean.shape
        self.register_buffer("m", mean.flatten())
        self.V = nn.Parameter(torch.randn(latent_dim, mean.numel()) / mean.numel() ** 0.5)

    def forward(self, z: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """Decode latents."""
        return (self.m + z @ self.V).unflatten(1, self.shape)


class Gaussian(nn.Module):
    """z = m + L ε with L Lᵀ = Σ: turns ε ~ N(0, I) into a sample of the Gaussian N(m, Σ) fitted to codes."""

    def __init__(self, codes: Float[Tensor, "n k"]) -> None:
        super().__init__()
        k = codes.shape[1]
        covariance = torch.cov(codes.T).reshape(k, k) + 1e-6 * torch.eye(k)
        self.m = nn.Parameter(codes.mean(0))
        self.L = nn.Parameter(torch.linalg.cholesky(covariance))

    def forward(self, eps: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
        """Map standard normal noise to codes."""
        return self.m + eps @ self.L.T


def _pyramid(size: int, width: int) -> tuple[list[int], list[int]]:
    """Return side and width after each halving of an image of `size` pixels."""
    sides, widths = [], []
    while size % 2 == 0 and size > 8:
        size //= 2
        sides.append(size)
        widths.append(width * min(2 ** len(widths), 4))
    if not sides:
        raise UserError(
            f"Images of {size} pixels cannot be halved; choose a size such as 28, 32 or 64."
        )
    return sides, widths
