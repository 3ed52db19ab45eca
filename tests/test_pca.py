import math

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from training import autoencoder
from training.data import Images, Info
from training.engine.pca import largest_principal_angle, principal_components


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


def test_few_samples_give_what_the_covariance_gives():
    """54 images of 64 x 64 x 3 would need a matrix of 12,288 x 12,288 the other way."""
    X = torch.randn(7, 20, generator=torch.Generator().manual_seed(0)) + 5
    m, V, variances = principal_components(X, 6)
    squares, vectors = torch.linalg.eigh(torch.cov(X.double().T, correction=0))
    torch.testing.assert_close(m, X.double().mean(0))
    torch.testing.assert_close(variances, squares.flip(0), atol=1e-12, rtol=1e-12)
    assert variances.shape == (20,)
    assert largest_principal_angle(V, vectors.flip(1)[:, :6].T) < 1e-5
    for row, other in zip(V, vectors.flip(1).T, strict=False):
        assert abs(float(row @ other)) == pytest.approx(1)


def test_more_components_than_samples_are_orthonormal_and_begin_as_fewer():
    X = torch.randn(5, 12, generator=torch.Generator().manual_seed(0))
    _, V, variances = principal_components(X, 12)
    torch.testing.assert_close(V @ V.T, torch.eye(12, dtype=torch.float64), atol=1e-10, rtol=0)
    torch.testing.assert_close(V[:4], principal_components(X, 4)[1])
    assert variances[5:].tolist() == [0] * 7


def test_few_large_images_take_little_time_and_memory():
    X = torch.randn(20, 30_000, generator=torch.Generator().manual_seed(0))
    _, V, variances = principal_components(X, 3)  # 7 GB the other way
    assert (V.shape, variances.shape) == ((3, 30_000), (30_000,))


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
