import math

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from torch.distributions import Bernoulli, Normal, kl_divergence

from training.objectives import (
    absolute_error,
    crps,
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    logistic_discriminator,
    logistic_generator,
    pyramid_distance,
    r1,
    squared_error,
)


def test_kl_of_the_prior_from_itself_is_zero():
    zero = torch.zeros(3, 5)
    assert torch.equal(kl_to_standard_normal(zero, zero), torch.zeros(3))


def test_kl_of_a_shifted_unit_gaussian_is_half_its_squared_distance():
    mu = torch.tensor([[3.0, 4.0]])
    assert kl_to_standard_normal(mu, torch.zeros(1, 2)).item() == 12.5


def test_kl_agrees_with_torch_distributions():
    mu, logvar = torch.randn(5, 3), torch.randn(5, 3)
    wanted = kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_to_standard_normal(mu, logvar), wanted)


def test_an_undecided_bernoulli_pays_log_two_for_each_pixel():
    x = torch.tensor([[0.0, 1.0, 0.3]])
    got = log_bernoulli(x, torch.zeros(1, 3))
    assert got.item() == pytest.approx(-3 * math.log(2))


def test_log_bernoulli_agrees_with_torch_distributions_and_survives_sure_logits():
    x, logits = torch.rand(4, 1, 2, 2).round(), 3 * torch.randn(4, 1, 2, 2)
    wanted = Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(log_bernoulli(x, logits), wanted)
    assert log_bernoulli(torch.ones(1, 1), torch.full((1, 1), -1000.0)).item() == -1000


def test_log_normal_agrees_with_torch_distributions():
    x, mean, logvar = torch.randn(3, 4, 2, 2)
    wanted = Normal(mean, (0.5 * logvar).exp()).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(log_normal(x, mean, logvar), wanted)


def test_squared_error_is_summed_over_the_picture_and_kept_per_sample():
    x, y = torch.zeros(2, 1, 2, 2), torch.tensor([1.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    assert squared_error(x, y).tolist() == [4.0, 16.0]


def test_an_undecided_discriminator_pays_log_two_for_each_picture():
    zero = torch.zeros(3, 1)
    assert logistic_discriminator(zero, zero).tolist() == pytest.approx([2 * math.log(2)] * 3)
    assert logistic_generator(zero).tolist() == pytest.approx([math.log(2)] * 3)


def test_logistic_losses_are_minus_the_logarithms_of_probabilities_of_logits():
    real, fake = torch.randn(5, 1), torch.randn(5, 1)
    D, D_hat = real.sigmoid()[:, 0], fake.sigmoid()[:, 0]
    torch.testing.assert_close(
        logistic_discriminator(real, fake), -D.log() - (1 - D_hat).log(), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(logistic_generator(fake), -D_hat.log(), rtol=1e-4, atol=1e-5)


def test_the_generators_gradient_does_not_vanish_when_the_discriminator_is_sure():
    fake = torch.full((1, 1), -30.0, requires_grad=True)
    logistic_generator(fake).sum().backward()
    assert fake.grad is not None
    assert fake.grad.item() == pytest.approx(-1)


def test_r1_of_a_linear_discriminator_is_half_its_squared_weight():
    w = torch.tensor([[3.0, 0.0, 4.0, 0.0]], requires_grad=True)
    penalty = r1(lambda x: x.flatten(1) @ w.T + 7, torch.rand(5, 1, 2, 2))
    torch.testing.assert_close(penalty, torch.full((5,), 12.5))
    penalty.mean().backward()  # the gradient of ½ ‖w‖² is w
    torch.testing.assert_close(w.grad, w.detach())


def test_pyramid_distance_counts_every_scale_alike():
    """8 x 8, so one halving: the band between 8 and 4 pixels, and what is left at 4."""
    zero = torch.zeros(1, 1, 8, 8)
    assert (
        pyramid_distance(zero + 0.5, zero).item() == 4 * 16 * 0.5
    )  # a constant is in the rest alone
    stripes = torch.tensor([0.5, -0.5]).repeat(4).expand(1, 1, 8, 8)
    assert pyramid_distance(stripes, zero).item() == 64 * 0.5  # gone after one halving
    one = zero.clone()
    one[..., 3, 3] = 1  # ¼ of it stays: ¾ + 3 · ¼ in the band, 4 · ¼ in the rest
    assert pyramid_distance(one, zero).item() == 0.75 + 0.75 + 1.0
    assert pyramid_distance(torch.ones(2, 3, 7, 7), torch.zeros(2, 3, 7, 7)).tolist() == [147] * 2


def test_crps_of_two_draws_by_hand():
    x, y, z = (torch.tensor([[value]]) for value in (0.0, 1.0, 3.0))
    assert crps(x, y, z, 0.0).item() == 2
    assert crps(x, y, z, 0.5).item() == 1.5
    assert crps(x, y, z, 1.0).item() == 1
    assert crps(x, y, y, 1.0).item() == absolute_error(x, y).item()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_crps_is_least_in_expectation_where_draws_are_distributed_as_the_truth(share):
    """For x = 1 with this share and 0 else, and draws that are 1 with probability q."""
    values = torch.tensor([[0.0], [1.0]])

    def expected(q, spread):
        p = torch.tensor([[1 - share, share], [1 - q, q], [1 - q, q]])
        return sum(
            (p[0, i] * p[1, j] * p[2, k] * crps(*values[[i, j, k], None], spread)).item()
            for i in (0, 1) for j in (0, 1) for k in (0, 1)
        )  # fmt: skip

    grid = [q / 20 for q in range(21)]
    assert min(grid, key=lambda q: expected(q, 1.0)) == pytest.approx(share)
    if share != 0.5:
        assert min(grid, key=lambda q: expected(q, 0.0)) == round(share)  # the median
