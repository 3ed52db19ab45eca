import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from torch import nn

from gen_models.networks.vae import WhitenedDecoder, WhitenedEncoder
from training.vae import whitening_transform


class Fixed(nn.Module):
    """An encoder that looks its answers up: a picture is its own index."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = answers

    def forward(self, x):
        return tuple(answer[x] for answer in self.answers)


class Doubled(nn.Module):
    """A decoder whose pictures can be compared: 2 z, and z."""

    def forward(self, z):
        return 2 * z, z


@pytest.fixture
def codes():
    rng = torch.Generator().manual_seed(0)
    mix = torch.tensor([[2.0, 0.5, 0.0], [0.0, 1.0, -0.7], [0.0, 0.0, 0.3]])
    mu = torch.randn(4000, 3, generator=rng) @ mix + torch.tensor([1.0, -3.0, 0.2])
    return mu, torch.randn(4000, 3, generator=rng) - torch.tensor([1.0, 2.0, 3.0])


def test_in_the_fitted_coordinates_the_codes_of_all_pictures_are_standard(codes):
    m, A = whitening_transform(*codes)
    mu, logvar = WhitenedEncoder(Fixed(*codes), m, A)(torch.arange(4000))
    assert mu.mean(0).abs().max() < 1e-4
    within = A @ torch.diag(codes[1].exp().mean(0)) @ A.T
    torch.testing.assert_close(torch.cov(mu.T) + within, torch.eye(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(within, torch.diag(within.diag()), atol=1e-5, rtol=0)
    assert within.diag().tolist() == sorted(within.diag().tolist())  # the surest first
    torch.testing.assert_close(logvar.exp().mean(0), within.diag(), atol=1e-5, rtol=1e-4)


def test_a_picture_is_decoded_as_before_in_the_fitted_coordinates(codes):
    m, A = whitening_transform(*codes)
    mu, _ = WhitenedEncoder(Fixed(*codes), m, A)(torch.arange(5))
    mean, z = WhitenedDecoder(Doubled(), m, A)(mu)
    torch.testing.assert_close(z, codes[0][:5], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(mean, 2 * codes[0][:5], atol=1e-4, rtol=1e-4)
