import math

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from training import autoencoder  # noqa: E402
from training.data import Images, Info  # noqa: E402
from training.pca import largest_principal_angle, principal_components  # noqa: E402


def test_components_are_the_axes_of_a_stretched_cloud_largest_first():
    X = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 3, 0], [0, -3, 0], [0, 0, 2], [0, 0, -2]])
    m, V, variances = principal_components(X + 7, 2)
    assert variances.tolist() == pytest.approx([3, 4 / 3, 1 / 3])
    torch.testing.assert_close(m, torch.full((3,), 7.0, dtype=torch.float64))
    torch.testing.assert_close(V.abs(), torch.tensor([[0.0, 1, 0], [0, 0, 1]], dtype=torch.float64))


def test_components_agree_with_the_svd_of_the_centred_data():
    X = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    m, V, _ = principal_components(X, 3)
    _, _, wanted = torch.linalg.svd(X.double() - m)
    assert largest_principal_angle(V, wanted[:3]) < 1e-5


@pytest.mark.parametrize("degrees", [0, 1e-6, 30, 90])
def test_the_angle_between_two_planes_is_found_whatever_their_bases(degrees):
    angle = math.radians(degrees)
    A = torch.tensor([[1.0, 0, 0], [0, 1, 0]], dtype=torch.float64)
    B = torch.tensor([[1, 0, 0], [0, math.cos(angle), math.sin(angle)]], dtype=torch.float64)
    mixed = torch.tensor([[2.0, 1], [-1, 3]], dtype=torch.float64) @ B
    assert largest_principal_angle(A, mixed) == pytest.approx(degrees, abs=1e-7)


def test_a_trained_linear_autoencoder_spans_the_principal_subspace(tmp_path):
    rng = torch.Generator().manual_seed(0)
    scale = torch.tensor([60.0, 40, 30] + [4.0] * 13)
    cloud = (torch.randn(512, 16, generator=rng) * scale) @ torch.linalg.qr(
        torch.randn(16, 16, generator=rng)
    )[0]
    x = (cloud + 128).round().clamp(0, 255).to(torch.uint8).view(-1, 1, 4, 4)
    data = Images(x, None, Info("toy", "toy", "", "", ""))
    config = autoencoder.Config(
        name="linear", kind="linear", augment=0, steps=1500, batch=512, lr=1e-2, runs=tmp_path, accelerator="cpu",
        save_every=10_000, log_every=1000,
    )  # fmt: skip
    _, decoder, _ = autoencoder.train(config, data, 3)
    _, pca = autoencoder.pca(config, data, 3)
    assert largest_principal_angle(decoder.V.detach(), pca.V.detach()) < 1
