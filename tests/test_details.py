"""Sliced Wasserstein distance and MS-SSIM on cases solved by hand."""

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import torch.nn.functional as F

from training.engine import details


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.rand(20, 3, 64, 64)


def test_a_pyramid_ends_at_16_pixels_and_gives_the_image_back(x):
    levels = details.laplacian_pyramid(x)
    assert [level.shape[-1] for level in levels] == [64, 32, 16]
    whole = levels.pop()
    while levels:
        spread = torch.zeros_like(levels[-1])
        spread[:, :, ::2, ::2] = 4 * whole
        whole = levels.pop() + details._filtered(spread)
    torch.testing.assert_close(whole, x, atol=1e-5, rtol=0)


def test_what_is_flat_has_no_details():
    fine, coarse = details.laplacian_pyramid(torch.full((1, 1, 32, 32), 0.7))
    assert fine[:, :, 4:-4, 4:-4].abs().max() < 1e-6
    assert coarse[:, :, 2:-2, 2:-2].sub(0.7).abs().max() < 1e-6


def test_patches_lie_within_the_image_and_are_normalised_over_the_set(x):
    found = details.patches(x, 0)
    assert found.shape == (20 * details.PATCHES, 3 * 49)
    channels = found.view(-1, 3, 49)
    torch.testing.assert_close(channels.mean((0, 2)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(channels.var((0, 2)), torch.ones(3), atol=1e-3, rtol=0)
    # Brightness by row and column: a patch of a plane is the same plane, moved.
    plane = (torch.arange(16.0)[:, None] * 100 + torch.arange(16.0)).expand(2, 1, 16, 16)
    steps = details.patches(plane.clone(), 0).view(-1, 7, 7)
    down, right = steps.diff(dim=1), steps.diff(dim=2)
    torch.testing.assert_close(down, down.mean().expand_as(down))
    torch.testing.assert_close(right, (down.mean() / 100).expand_as(right), atol=1e-5, rtol=0)


def test_equal_sets_have_no_distance_whatever_their_order():
    a = torch.randn(500, 9)
    assert details.sliced_wasserstein(a, a[torch.randperm(500)]) == [pytest.approx(0, abs=1e-3)]


def test_points_on_a_line_that_are_moved_are_as_far_as_they_were_moved():
    a = torch.randn(100, 1)
    assert details.sliced_wasserstein(a, a + 0.25, a) == pytest.approx([250, 0], rel=1e-4)
    # In the plane: the mean of |cos| over all directions, 2 / π, of it.
    a = torch.randn(100, 2)
    (moved,) = details.sliced_wasserstein(a, a + torch.tensor([0.3, 0.4]))
    assert moved == pytest.approx(500 * 2 / torch.pi, rel=0.05)


def test_another_set_alike_is_nearer_than_one_of_other_details(x):
    """Noise beside other noise, and beside stripes of the same brightness and contrast."""
    torch.manual_seed(1)
    other, stripes = torch.rand(20, 3, 64, 64), x[:, :, :, :1].expand(20, 3, 64, 64)
    near, far = details.distances(x, [other, stripes])
    assert near.keys() == far.keys() == {64, 32, 16}
    assert all(far[side] > 1.5 * near[side] for side in near)


def test_ms_ssim_is_1_of_equal_images_and_falls_with_noise(x):
    smooth = F.interpolate(x[:, :, :8, :8], (64, 64), mode="bilinear")
    assert details.ms_ssim(smooth, smooth) == pytest.approx(1, abs=1e-4)
    noisy = [details.ms_ssim(smooth, smooth + s * (x - 0.5)) for s in (0.05, 0.2, 1.0)]
    assert 1 > noisy[0] > noisy[1] > noisy[2] > 0
    assert details.ms_ssim(smooth, 1 - smooth) < 0.05
