import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import numpy as np

from gen_models import cards
from gen_models.families import LabFacts
from gen_models.numerics.lab.distributions import DISTRIBUTIONS
from gen_models.numerics.lab.game import Game
from gen_models.runtime import Model
from training import objectives
from training.lab import losses
from training.lab.backprop import BatchDiscriminatorActivations, DiscriminatorActivations
from training.lab.methods import METHODS, PLANE, hyper
from training.lab.step import Judge, Step, begin, networks
from training.lab.textbook import Textbook

EXPORTED = Path("exported")


def drawn(step, rng, rows=32, dtype=torch.float64):
    """Real points of the ring and noise, by port."""
    batch = {}
    for port in step.inputs:
        if port.shape[:1] == ("batch",):
            shape = rows, port.shape[1]
            if port.name == "in_real":
                value = DISTRIBUTIONS["ring"].draw(rng, rows * shape[1] // 2).reshape(shape)
            else:
                value = rng.standard_normal(shape) if port.range is None else rng.random(shape)
            batch[port.name] = torch.tensor(value, dtype=dtype)
    return batch


def fed(step, state, k, batch, usual):
    """The inputs of the k-th step, in order."""
    known = {"in_state": state.reshape(-1), "in_step": torch.tensor(float(k)).to(state), **batch}
    return [
        known[p.name] if p.name in known else torch.tensor(usual[p.name], dtype=state.dtype)
        for p in step.inputs
    ]


@pytest.mark.parametrize("alternating", [1.0, 0.0])
@pytest.mark.parametrize("name", METHODS)
def test_a_hundred_steps_are_those_of_the_textbook_loop(name, alternating):
    """In float64 and at a small learning rate: Adam divides by small numbers, so that roundings grow.

    At the usual rate, 1e-15 becomes 0.03 in a hundred steps of minibatch discrimination.
    """
    method, rng = METHODS[name], np.random.default_rng(0)
    usual = hyper(method) | {"in_lr_g": 1e-4, "in_lr_d": 1e-4}
    if "in_alternating" in usual:
        usual["in_alternating"] = alternating
    elif not alternating:
        return  # consensus is simultaneous
    step = Step(method).double()
    state = begin(step, 0).double()
    textbook = Textbook(method, state[0], usual)
    for k in range(1, 101):
        batch = drawn(step, rng)
        new, losses, _ = step(*fed(step, state, k, batch, usual))
        state = new.reshape(4, -1)
        wanted = textbook.step(batch)
    assert losses.tolist() == pytest.approx(wanted, rel=1e-5)
    difference = (state[0] - textbook.parameters).abs().max() / state[0].abs().max()
    assert difference <= 1e-5


@pytest.mark.parametrize("name", METHODS)
def test_the_exported_step_is_that_of_torch_wherever_a_training_comes(name):
    """Each of 100 steps of the graph, from where the steps before it led: in float32."""
    card = cards.load(EXPORTED / f"lab-{name}" / "card.json")
    model, step = Model(card, EXPORTED / card.name), Step(METHODS[name])
    usual, rng, state = card.facts_as(LabFacts).hyper, np.random.default_rng(1), begin(step, 1)
    most = max(usual["in_lr_g"], usual["in_lr_d"])
    for k in range(1, 101):
        batch = drawn(step, rng, dtype=torch.float32)
        inputs = fed(step, state, k, batch, usual)
        wanted = step(*inputs)
        feed = {p.name: x.numpy() for p, x in zip(step.inputs, inputs, strict=True)}
        got = model("step", **feed)
        for name_, want in zip(("state", "losses", "gradients"), wanted, strict=True):
            apart = np.abs(got[name_] - want.numpy())
            if name_ == "state":
                apart, want = apart.reshape(4, -1), want.reshape(4, -1)
                # Where a gradient is nothing but rounding, Adam makes a step of its usual size of it.
                m = want[1].abs()
                rounding = (m <= 1e-6 * m.max()).numpy()
                assert rounding.mean() < 0.5
                assert (apart[:, rounding] <= 2 * most).all()
                apart[:, rounding] = 0
            most_apart = 1e-5 * max(want.abs().max().item(), 1)
            if name_ == "losses" and METHODS[name].loss == "wasserstein":
                most_apart = (
                    2 * most
                )  # G's loss has D's last bias in it, whose gradient is rounding
            assert apart.max() <= most_apart
        state = torch.from_numpy(got["state"]).reshape(4, -1)


def sigmoid(t):
    return 1 / (1 + math.exp(-t))


FORMULAS = {  # with D = sigmoid(logit): what each loss is, on one real logit r and one generated f
    "saturating": (
        lambda r, f: -math.log(sigmoid(r)) - math.log(1 - sigmoid(f)),
        lambda f: math.log(1 - sigmoid(f)),
    ),
    "non-saturating": (
        lambda r, f: -math.log(sigmoid(r)) - math.log(1 - sigmoid(f)),
        lambda f: -math.log(sigmoid(f)),
    ),
    "least-squares": (lambda r, f: (r - 1) ** 2 + f**2, lambda f: (f - 1) ** 2),
    "wasserstein": (lambda r, f: f - r, lambda f: -f),
}


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_losses_are_their_formulas(loss):
    r, f = 0.7, -1.3
    real, fake = torch.tensor([[r]]), torch.tensor([[f]])
    of_D, of_G = losses.LOSSES[loss]
    assert of_D(real, fake).item() == pytest.approx(FORMULAS[loss][0](r, f), rel=1e-5)
    assert of_G(fake).item() == pytest.approx(FORMULAS[loss][1](f), rel=1e-5)


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_what_d_loses_is_the_same_in_one_batch(loss):
    real, fake = torch.randn(2, 5, 1, generator=torch.Generator().manual_seed(0))
    together = [losses.SIGNED_LOSSES[loss](x, sign) for x, sign in ((real, 1.0), (fake, -1.0))]
    torch.testing.assert_close(sum(together)[:, 0], losses.LOSSES[loss][0](real, fake))


def test_penalties_of_a_linear_discriminator_are_known_on_paper():
    """D(x) = w·x with w = (3, 4): its slope is 5 everywhere."""
    w = torch.tensor([[3.0], [4.0]])
    logits, slopes = torch.tensor([[0.1, 0.0], [0.0, 0.1]]) @ w, w.T.expand(2, 2)
    assert losses.r1(logits, slopes).item() == pytest.approx(12.5)
    assert losses.gradient_penalty(logits, slopes[:1]).item() == pytest.approx(16, rel=1e-5)
    wanted = 0.5 * ((1 - sigmoid(0.3)) ** 2 + sigmoid(0.4) ** 2) * 25
    assert losses.roth(logits, slopes).item() == pytest.approx(wanted, rel=1e-5)


def discriminator(name, points=6):
    """D of a method, its parameters, and points, in float64."""
    torch.manual_seed(0)
    net = networks(METHODS[name])[1].double()
    return net, list(net.parameters()), torch.randn(points, 2).double()


def test_r1_here_is_r1_there():
    net, parameters, x = discriminator("r1")
    seen = DiscriminatorActivations(parameters, torch.cat([x, x]))
    torch.testing.assert_close(losses.r1(seen.output, seen.slope), objectives.r1(net, x))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("r1", DiscriminatorActivations), ("minibatch", BatchDiscriminatorActivations)],
)
def test_gradients_written_out_are_those_of_autograd(name, kind):
    net, parameters, x = discriminator(name)
    weights = torch.randn(6, 1).double()
    shape = (net.shape,) if kind is BatchDiscriminatorActivations else ()
    seen = kind(parameters, x.requires_grad_(), *shape)
    wanted = net(x)
    torch.testing.assert_close(seen.output, wanted)
    at_x, *at_parameters = torch.autograd.grad((weights * wanted).sum(), [x, *parameters])
    torch.testing.assert_close(seen.at_x(weights), at_x)
    for mine, theirs in zip(seen.gradient(weights), at_parameters, strict=True):
        torch.testing.assert_close(mine.reshape(theirs.shape), theirs)


def test_the_gradient_of_a_loss_of_the_slope_is_that_of_autograd():
    net, parameters, x = discriminator("r1")
    logits = net(x.requires_grad_())
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    loss = (logits.tanh() * slope.square().sum(1, keepdim=True)).sum()
    of_logits, of_slope, *wanted = torch.autograd.grad(
        loss, [logits, slope, *parameters], allow_unused=True
    )
    seen = DiscriminatorActivations(parameters, x)
    torch.testing.assert_close(seen.slope, slope)
    for mine, theirs in zip(seen.gradient_by_slope(of_logits, of_slope), wanted, strict=True):
        mine = mine.reshape(theirs.shape) if theirs is not None else mine
        torch.testing.assert_close(mine, theirs if theirs is not None else torch.zeros_like(mine))


def test_consensus_descends_the_true_gradient_of_half_the_squared_field():
    """By finite differences, along a random direction: no factor ½ too many, as in a notebook in wide use."""
    step = Step(METHODS["consensus"]).double()
    state, rng = begin(step, 0).double(), np.random.default_rng(0)
    usual = hyper(METHODS["consensus"]) | {"in_beta1": 0.0, "in_beta2": 0.0}
    batch = drawn(step, rng)

    def field(parameters, gamma):
        """What Adam receives, read from its second moment's source: m with β₁ = 0."""
        at = state.clone()
        at[0] = parameters
        return step(*fed(step, at, 1, batch, usual | {"in_gamma": gamma}))[0].reshape(4, -1)[1]

    direction = torch.randn(step.n, generator=torch.Generator().manual_seed(0)).double()
    direction /= direction.norm()
    h = 1e-6
    energy = [0.5 * field(state[0] + s * h * direction, 0.0).square().sum() for s in (1, -1)]
    slope = (field(state[0], 1.0) - field(state[0], 0.0)) @ direction
    assert slope.item() == pytest.approx(((energy[0] - energy[1]) / (2 * h)).item(), rel=1e-4)


def test_looking_no_step_ahead_is_the_plain_method():
    """Unrolling with steps of size 0."""
    rng = np.random.default_rng(0)
    plain, unrolled = Step(METHODS["nonsaturating"]), Step(METHODS["unrolled-5"])
    state, batch = begin(plain, 0), drawn(plain, rng, dtype=torch.float32)
    usual = hyper(METHODS["unrolled-5"]) | {"in_inner_lr": 0.0}
    for a, b in zip(
        plain(*fed(plain, state, 1, batch, usual)),
        unrolled(*fed(unrolled, state, 1, batch, usual)),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_minibatch_discrimination_sees_a_collapse():
    """The closeness of equal points is 1, and less for others."""
    torch.manual_seed(0)
    _, D = networks(METHODS["minibatch"])
    seen = []
    D.last.register_forward_pre_hook(lambda _, x: seen.append(x[0][:, PLANE.width :]))
    D(torch.ones(6, 2))
    D(3 * torch.randn(6, 2))
    torch.testing.assert_close(seen[0], torch.ones(6, 4))
    assert seen[1].max() < 0.99


@pytest.mark.parametrize("name", ["nonsaturating", "saturating", "pacgan-2", "minibatch"])
def test_arrows_are_minus_the_gradient_of_the_generators_loss(name):
    judge = Judge(METHODS[name]).double()
    parameters = begin(judge, 0)[0].double()
    x = torch.tensor([[0.3, -0.2], [1.0, 0.5]], dtype=torch.float64)
    context = [torch.randn(3, 2).double()] * (len(judge.inputs) == 3)
    logit, arrow = judge(parameters, x, *context)
    assert logit.shape == (2, 1)

    def loss(x):
        """Its value for each point, by the mean over packs where D is packed."""
        d = judge.players(parameters)[1]
        if name != "pacgan-2":
            return judge.loss_G(judge.D(d, x, *context))
        packs = [torch.cat([x, row.expand(len(x), -1)], 1) for row in context[0]]
        return sum(judge.loss_G(judge.D(d, pack)) for pack in packs) / 3

    h = 1e-6
    for axis in (0, 1):
        shift = h * torch.eye(2, dtype=torch.float64)[axis]
        slope = (loss(x + shift) - loss(x - shift)) / (2 * h)
        torch.testing.assert_close(arrow[:, axis], -slope, rtol=1e-4, atol=1e-8)


def test_a_state_can_be_put_away_and_taken_up_again():
    card = cards.load(EXPORTED / "lab-r1" / "card.json")
    model = Model(card, EXPORTED / card.name)
    whole, halves = (Game(model, DISTRIBUTIONS["ring"], {}, 3) for _ in range(2))
    whole.advance(20)
    halves.advance(10)
    halves.state = np.frombuffer(halves.state.tobytes(), np.float32).reshape(4, -1)
    halves.advance(10)
    np.testing.assert_array_equal(whole.state, halves.state)
