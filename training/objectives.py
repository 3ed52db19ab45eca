"""The equations that two or more pages use, named as in the lecture.

Each takes a batch and gives one value per sample, shape (b,); the caller takes the mean, so that the weight of a
term is visible where terms are added. Logarithms are natural: likelihoods are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

PerSample = Float[Tensor, " b"]


def squared_error(x: Float[Tensor, "b ..."], y: Float[Tensor, "b ..."]) -> PerSample:
    """‖x − y‖², summed over the image."""
    return (x - y).square().flatten(1).sum(1)


def absolute_error(x: Float[Tensor, "b ..."], y: Float[Tensor, "b ..."]) -> PerSample:
    """mean |x − y| over the numbers of an image: the L1 term of translation (§4.1, §4.2)."""
    return (x - y).abs().flatten(1).mean(1)


def crps(
    x: Float[Tensor, "b ..."], y: Float[Tensor, "b ..."], z: Float[Tensor, "b ..."], spread: float
) -> PerSample:
    """½ |x − y| + ½ |x − z| − ½ s |y − z|, mean over the numbers of an image, y and z two draws of one model.

    With a spread s of 1 it is the continuous ranked probability score: its expectation is least where the draws of each
    number are distributed as x is (Gneiting and Raftery 2007). With 0 it is the absolute error, least at the median.
    """
    return (absolute_error(x, y) + absolute_error(x, z) - spread * absolute_error(y, z)) / 2


def kl_to_standard_normal(mu: Float[Tensor, "b k"], logvar: Float[Tensor, "b k"]) -> PerSample:
    """KL( N(mu, σ²) ‖ N(0, I) ) = ½ Σ (mu² + σ² − log σ² − 1)."""
    return 0.5 * (mu.square() + logvar.exp() - logvar - 1).sum(1)


def log_bernoulli(x: Float[Tensor, "b ..."], logits: Float[Tensor, "b ..."]) -> PerSample:
    """log Bern(x; r) = Σ x log r + (1 − x) log(1 − r), r = sigmoid(logits), for x in [0, 1]."""
    return (x * logits - F.softplus(logits)).flatten(1).sum(1)


def log_normal(
    x: Float[Tensor, "b ..."], mean: Float[Tensor, "b ..."], logvar: Float[Tensor, "b ..."]
) -> PerSample:
    """log N(x; mean, σ²) = −½ Σ ( (x − mean)² / σ² + log σ² + log 2π )."""
    squares = (x - mean).square() / logvar.exp()
    return -0.5 * (squares + logvar + math.log(2 * math.pi)).flatten(1).sum(1)


def cross_entropy_of_words(counts: Float[Tensor, "b w"], logits: Float[Tensor, "b w"]) -> PerSample:
    """−Σ_w (n_w / N) log p_w, p = softmax(logits), N = Σ_w n_w: of a multinomial p(n|z), in nats per word (§1.3)."""
    share = counts / counts.sum(1, keepdim=True).clamp_min(1)
    return -(share * F.log_softmax(logits, 1)).sum(1)


def to_uniform(logits: Float[Tensor, "b c"]) -> PerSample:
    """KL( u ‖ softmax(logits) ) = −1/c Σ log softmax(logits) − log c: 0 if nothing is read."""
    return -logits.log_softmax(1).mean(1) - math.log(logits.shape[1])


def pyramid_distance(x: Float[Tensor, "b c h w"], y: Float[Tensor, "b c h w"]) -> PerSample:
    """Σ_l 4^l ‖L_l(x − y)‖_1 over the bands L_l of a Laplacian pyramid (Bojanowski et al. 2018, "Lap1").

    Band l is what halving the image l + 1 times loses of halving it l times; the last is what is left at an odd side
    or at 4 pixels. 4^l makes up for the fewer pixels, so every scale counts alike. As an absolute error, it prefers one
    sharp answer where a squared error prefers the mean of all.
    """
    difference = x - y
    total = difference.new_zeros(len(x))
    weight = 1.0
    while difference.shape[-1] % 2 == 0 and difference.shape[-1] > 4:
        halved = F.avg_pool2d(difference, 2)
        band = difference - F.interpolate(halved, scale_factor=2)
        total = total + weight * band.abs().flatten(1).sum(1)
        difference, weight = halved, 4 * weight
    return total + weight * difference.abs().flatten(1).sum(1)


def logistic_discriminator(real: Float[Tensor, "b 1"], fake: Float[Tensor, "b 1"]) -> PerSample:
    """−log D(x) − log(1 − D(x̂)), from logits (§3.4, without its factor ½)."""
    return (F.softplus(-real) + F.softplus(fake)).sum(1)


def logistic_generator(fake: Float[Tensor, "b 1"]) -> PerSample:
    """−log D(x̂), from logits: the non-saturating heuristic (§3.5; Goodfellow et al. 2014)."""
    return F.softplus(-fake).sum(1)


def least_squares_discriminator(
    real: Float[Tensor, "b 1"], fake: Float[Tensor, "b 1"]
) -> PerSample:
    """(D(x) − 1)² + D(x̂)² (Mao et al. 2017, a = 0, b = 1, without the factor ½)."""
    return ((real - 1).square() + fake.square()).sum(1)


def least_squares_generator(fake: Float[Tensor, "b 1"]) -> PerSample:
    """(D(x̂) − 1)² (Mao et al. 2017, c = 1)."""
    return (fake - 1).square().sum(1)


def wasserstein_discriminator(real: Float[Tensor, "b 1"], fake: Float[Tensor, "b 1"]) -> PerSample:
    """D(x̂) − D(x) (Arjovsky et al. 2017)."""
    return (fake - real).sum(1)


def wasserstein_generator(fake: Float[Tensor, "b 1"]) -> PerSample:
    """−D(x̂) (Arjovsky et al. 2017)."""
    return -fake.sum(1)


def r1(D: Callable[[Tensor], Tensor], x: Float[Tensor, "b c h w"]) -> PerSample:
    """½ ‖∇_x D(x)‖² at real images x, D giving logits (Mescheder et al. 2018). Can be differentiated again."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(x).float().sum(), x, create_graph=True)
    return 0.5 * gradient.square().flatten(1).sum(1)


def gradient_penalty(
    D: Callable[[Tensor], Tensor], x: Float[Tensor, "b c h w"], x_hat: Float[Tensor, "b c h w"]
) -> PerSample:
    """(‖∇ D(u x + (1 − u) x̂)‖ − 1)², u uniform in [0, 1] for each image (Gulrajani et al. 2017)."""
    u = torch.rand(len(x), 1, 1, 1, device=x.device)
    between = (u * x + (1 - u) * x_hat).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(between).float().sum(), between, create_graph=True)
    return (gradient.square().flatten(1).sum(1).add(1e-12).sqrt() - 1).square()
