"""Person and view: its terms on cases solved by hand, a few steps of training, and what its numbers find in toys."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from gen_models import cards
from gen_models.errors import UserError
from gen_models.families import MetricId as M
from gen_models.runtime import Model
from training import disentangle_views as page
from training.data import Images, Info, views
from training.evaluation import disentangle_views as evaluation

PARTS = {"person": ("hue", "height"), "view": ("light",)}
INFO = Info(
    "tiles", "tiles", "public domain", "nowhere", "0" * 64, factors=("hue", "height", "light")
)


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    """Factors of tiles in place of those of heads."""
    monkeypatch.setattr(views, "parts", lambda: PARTS)
    monkeypatch.setattr(evaluation, "parts", lambda: PARTS)


def tiles(persons, of_each=3, seed=0):
    """Images of 16 x 16: a red share that is the person's, a height that is too, and a brightness of each view."""
    rng = torch.Generator().manual_seed(seed)
    own = torch.rand(persons, 2, generator=rng).repeat_interleave(of_each, 0)
    light = torch.rand(persons * of_each, 1, generator=rng)
    factors = torch.cat([own, light], 1)[torch.randperm(persons * of_each, generator=rng)]
    hue, height, light = factors.T[..., None, None]
    below = torch.arange(16)[:, None] < 16 * height
    colours = hue * light * below, (1 - hue) * light * below, light
    x = torch.stack([each.expand(-1, 16, 16) for each in colours], 1)
    return Images((255 * x).byte().contiguous(), None, INFO, factors)


def swapped(data):
    """The first two images as a block, and what stands for the renderer's swaps."""
    donors = torch.tensor([[0, 1]])
    return donors, torch.stack([data.x[:2], data.x[:2]])[None]


@pytest.fixture
def data():
    return tiles(12)


@pytest.fixture
def config(tmp_path):
    return page.Config(
        name="v", runs=tmp_path / "runs", exported=tmp_path / "exported", steps=4, batch=8, size=16, s_dim=4, z_dim=2,
        width=4, log_every=1,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------------------------------


def test_another_view_is_of_the_same_person_and_another_image(data):
    found = views.Views(data)
    assert found.images.shape == (12, 3)
    index = [*range(36)] * 20
    torch.manual_seed(0)
    others = found.others(index)
    assert (found.person[others] == found.person[index]).all()
    assert not any(i == j for i, j in zip(index, others, strict=True))
    assert len({*zip(index, others, strict=True)}) == 36 * 2, "each of both others"


def test_every_sixth_person_is_held_out_whole(data):
    kept, held = views.held_out(data)
    assert (len(kept), len(held)) == (30, 6)
    assert len(views.Views(held).images) == 2


def test_what_has_no_persons_or_one_view_of_each_is_refused_in_a_sentence(data):
    with pytest.raises(UserError, match="Nobody knows which images of tiles show one person"):
        views.Views(Images(data.x, None, INFO))
    with pytest.raises(UserError, match="Nobody knows which images"):
        views.Views(
            Images(data.x, None, replace(INFO, factors=("hue", "size", "light")), data.factors)
        )
    with pytest.raises(
        UserError, match="tiles does not show each person as often, and twice or more"
    ):
        views.Views(tiles(4, of_each=1))
    with pytest.raises(
        UserError, match="Nobody can render a person of heads in the view of another"
    ):
        views.swaps("heads", 64)


# ---------------------------------------------------------------------------------------------------------------------
# Terms
# ---------------------------------------------------------------------------------------------------------------------


def test_the_person_is_guessed_among_those_of_the_batch():
    persons = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    guesses = torch.tensor(
        [[3.0, 0.0], [0.0, 0.0], [0.0, 3.0], [0.0, 3.0]]
    )  # of two samples, of two means
    logits = page.guess_person(guesses, persons)
    sure = 6 / math.sqrt(2)
    torch.testing.assert_close(
        logits, torch.tensor([[sure, 0], [0, 0], [0, sure], [0, sure]]), atol=1e-6, rtol=0
    )
    right, wrong = math.log1p(math.exp(-sure)), math.log1p(math.exp(sure))
    torch.testing.assert_close(
        page.cross_entropy_of_own(logits), torch.tensor([right, math.log(2), wrong, right])
    )


@pytest.mark.parametrize("size", [16, 24, 32])
def test_networks_fit_images_of_other_sizes(config, size):
    E_s, E_z, D, A = page.build(config, (3, size, size))
    x = torch.rand(2, 3, size, size)
    s, (mu, logvar) = E_s(x), E_z(x)
    assert s.shape == (2, 4)
    assert mu.shape == logvar.shape == (2, 2)
    assert D(s, mu).shape == x.shape
    assert A(mu).shape == s.shape


@pytest.mark.parametrize("size", [12, 30])
def test_a_size_that_they_do_not_fit_is_refused(config, size):
    with pytest.raises(UserError, match="--size must be a multiple of 4"):
        replace(config, size=size).check()


# ---------------------------------------------------------------------------------------------------------------------
# Training
# ---------------------------------------------------------------------------------------------------------------------


def test_it_trains_a_few_steps_and_exports_what_the_app_shows(data, config, monkeypatch):
    monkeypatch.setattr(page, "load", lambda *_, **__: data)
    monkeypatch.setattr(page, "swaps", lambda *_: swapped(data))
    folder = page.export_model(config, *page.train(config, data))
    model = Model(cards.load(folder / "card.json"), folder)
    assert model.card.facts.adversary == config.adversary
    assert all(graph.parity <= 1e-4 for graph in model.card.graphs.values())
    codes = model("encoder", x=(data.x[:3] / 255).numpy())
    assert {k: v.shape for k, v in codes.items()} == {"s": (3, 4), "mu": (3, 2), "logvar": (3, 2)}
    assert model("decoder", s=codes["s"], z=codes["mu"])["x"].shape == (3, 3, 16, 16)
    assert model.sheet("donors").shape == (1, 2, 16, 16, 3)
    assert model.sheet("swaps").shape == (2, 2, 16, 16, 3)


def test_a_run_that_was_stopped_ends_as_one_that_was_not(data, config):
    whole = page.train(replace(config, name="whole"), data)
    parts = replace(config, name="parts", save_every=2)
    with pytest.raises(KeyboardInterrupt):
        page.train(parts, Stopping(data, 3))
    parts = page.train(parts, data)
    assert parts[2].step == config.steps
    for a, b in zip(whole[:2], parts[:2], strict=True):
        for name, value in a.state_dict().items():
            assert torch.equal(value, b.state_dict()[name]), name


def test_two_views_come_to_one_s_and_only_where_that_is_asked(data, config):
    config = replace(config, steps=60, lr=3e-3)
    apart = []
    for weight in (0.0, 10.0):
        encoder, _, _ = page.train(replace(config, name=f"i{weight:g}", invariance=weight), data)
        images, x = views.Views(data).images, data.x / 255
        with torch.no_grad():
            s = encoder.eval()(x)[0]
        apart.append(float((s[images[:, 0]] - s[images[:, 1]]).square().mean() / s.var(0).mean()))
    assert apart[1] < 0.5 * apart[0]


def test_settings_are_chosen_on_persons_that_are_held_out(config, monkeypatch, capsys):
    data = tiles(36)
    monkeypatch.setattr(page, "load", lambda *_, **__: data)
    monkeypatch.setattr(page, "swaps", lambda *_: swapped(data))
    monkeypatch.setattr(evaluation, "EPOCHS", dict.fromkeys(evaluation.SOURCES, 2))
    page.main(replace(config, validate=True))
    assert "held out: " in capsys.readouterr().out
    assert not config.exported.exists()


def test_data_without_persons_are_refused(data, config):
    with pytest.raises(UserError, match="Nobody knows"):
        page.train(config, Images(data.x, None, INFO))


# ---------------------------------------------------------------------------------------------------------------------
# Numbers
# ---------------------------------------------------------------------------------------------------------------------


class Toy:
    """Codes that are read off the image: s its red share and height, z its light."""

    class card:
        class dataset:
            size = 16

    def __init__(self, leaks=False):
        self.leaks = leaks

    def __call__(self, graph, **inputs):
        if graph == "encoder":
            x = inputs["x"]
            light = x[:, 2, 0, 0]
            hue = x[:, 0, 0, 0] / np.maximum(x[:, 0, 0, 0] + x[:, 1, 0, 0], 1e-3)
            height = (x[:, 0, :, 0] + x[:, 1, :, 0] > 0).mean(1, dtype=np.float32)
            s = np.stack([hue, height], 1)
            z = np.concatenate([light[:, None], s], 1) if self.leaks else light[:, None]
            return {"s": s, "mu": z, "logvar": 0 * z}
        s, z = inputs["s"], inputs["z"]
        s = z[:, 1:] if self.leaks else s
        below = np.arange(16)[:, None] < 16 * s[:, 1, None, None]
        hue, light = s[:, 0, None, None], z[:, 0, None, None]
        x = np.stack([hue * light * below, (1 - hue) * light * below, light + 0 * below], 1)
        return {"x": np.float32(np.broadcast_to(x, (len(s), 3, 16, 16)))}


@pytest.fixture
def longer(monkeypatch):
    """Epochs enough for as few images as a test has."""
    monkeypatch.setattr(evaluation, "EPOCHS", dict.fromkeys(evaluation.SOURCES, 120))


@pytest.mark.usefixtures("longer")
def test_what_is_in_a_code_is_found_and_what_is_not_is_not():
    found = evaluation.explained(Toy(), tiles(120), tiles(60, seed=1))
    assert found["hue"]["s"] > 0.9
    assert found["light"]["z"] > 0.9
    assert found["hue"]["z"] < 0.1
    assert found["light"]["s"] < 0.1
    leaking = evaluation.explained(Toy(leaks=True), tiles(120), tiles(60, seed=1))
    assert leaking["hue"]["z"] > 0.9


def test_the_mean_of_a_part_is_over_its_factors_that_count():
    leaking = {name: {"image": 0.9, "s": i / 10, "z": i / 5} for i, name in enumerate(INFO.factors)}
    of = evaluation.means(leaking)
    assert of[M.EXPLAINED_VARIANCE.of("view", "z")] == leaking["light"]["z"]
    both = (leaking["hue"]["s"] + leaking["height"]["s"]) / 2
    assert of[M.EXPLAINED_VARIANCE.of("person", "s")] == pytest.approx(both)


@pytest.mark.usefixtures("longer")
def test_a_factor_that_the_image_does_not_show_does_not_count():
    train, test = tiles(120), tiles(60, seed=1)
    for each in (train, test):
        each.x = (
            each.x.float().amax((1, 2, 3), keepdim=True).expand_as(each.x)
        ).byte()  # light alone is left
    assert {*evaluation.explained(Toy(), train, test)} == {"light"}


def test_probing_leaves_the_random_numbers_of_others_alone():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    evaluation.explained(Toy(), tiles(12), tiles(12))
    assert torch.equal(torch.rand(1), wanted)


def test_the_error_of_swaps_against_the_truth():
    data = tiles(40)
    x = data.x / 255
    codes = Toy()("encoder", x=x.numpy())
    donors = torch.tensor([[0, 5], [7, 11]])
    truth = torch.stack([
        torch.stack([
            torch.from_numpy(Toy()("decoder", s=codes["s"][[i] * 2], z=codes["mu"][block])["x"])
            for i in block
        ])
        for block in donors.tolist()
    ])  # fmt: skip
    truth = (255 * truth).round().byte()
    good = evaluation.swap_errors(Toy(), data, donors, truth)
    assert good[M.L1.of("swap")] == pytest.approx(0, abs=2e-3)
    assert good[M.SSIM.of("swap")] == pytest.approx(1, abs=2e-2)
    bad = evaluation.swap_errors(Toy(leaks=True), data, donors, truth)
    assert bad[M.L1.of("swap")] == pytest.approx(bad[M.L1.of("copy")], abs=1e-2)
    assert good[M.L1.of("copy")] == bad[M.L1.of("copy")] > 0.03


def test_the_sheet_has_the_rendered_beside_the_decoded(data):
    donors, truth = swapped(data)
    assert evaluation.sheet(Toy(), data, donors, truth).shape == (3 * 18, 6 * 18, 3)


class Stopping(Images):
    """Data that end a run in the middle of a step, by what Ctrl-C raises."""

    def __init__(self, data, step):
        super().__init__(data.x, data.y, data.info, data.factors)
        self.left = 2 * step  # the donors of the samples, and the pairs of the steps before

    def __getitem__(self, index):
        if isinstance(index, list):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
        return super().__getitem__(index)
