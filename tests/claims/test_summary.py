"""What the chapter Summary claims."""

import pytest

from claims import says
from gen_models.app import chapters
from gen_models.app.chapter import path
from gen_models.app.chapters.autoencoder.lineup import lineups
from gen_models.app.chapters.summary import CHAPTER, compare


@pytest.fixture(scope="module")
def trios(exported):
    models = [m for m in exported.values() if CHAPTER.shows(m.card)]
    return {name: compare.trio_of(lineup, models) for name, lineup in lineups(models).items()}


def test_the_gan_draws_best_and_has_no_code(trios):
    says(
        compare.EXPERIMENT,
        "on Fashion-MNIST 0.56 away, where the autoencoder’s and the VAE’s are 7.90 and 10.60",
        "on digits 1.09 to 6.57 and 7.03",
        "They are as sharp as images, at 0.97 and 0.95; the others are blurred, on Fashion to 0.61 and 0.55.",
        "By this distance the VAE is on neither data better than the autoencoder with its fitted Gaussian; of its "
        "digits more are recognised, 29 % to 24 %.",
    )
    found = {name: compare.measured(trio) for name, trio in trios.items()}
    words = {
        (name, row): [cell for cell, _ in rows[row]]
        for name, rows in found.items()
        for row in ("distance", "share", "sharpness", "code")
    }
    assert words["fashion", "distance"] == ["7.90", "10.60", "0.56"]
    assert words["digits", "distance"] == ["6.57", "7.03", "1.09"]
    assert words["fashion", "sharpness"] == ["0.61", "0.55", "0.97"]
    assert words["digits", "sharpness"][2] == "0.95"
    assert words["digits", "share"][:2] == ["24 %", "29 %"]
    for name, trio in trios.items():
        assert words[name, "code"] == ["yes", "yes, with σ", "no"]
        assert "encoder" not in trio.gan.card.graphs


def test_autoencoder_and_vae_have_codes_of_one_size_and_the_gans_is_near(trios):
    says(compare.EXPERIMENT, "with codes of equal or nearest size")
    assert {name: trio.code for name, trio in trios.items()} == {"digits": 32, "fashion": 16}


def test_every_number_leads_to_an_experiment(trios):
    known = {path(chapter, each) for chapter in chapters.CHAPTERS for each in chapter.experiments}
    for trio in trios.values():
        links = [link for cells in compare.measured(trio).values() for _, link in cells if link]
        assert len(links) > 9
        assert {link.partition("?")[0] for link in links} <= known


def test_all_three_draw_and_two_give_an_image_back(trios):
    for trio in trios.values():
        assert compare.samples(trio).keys() == compare.METHODS.keys()
        x = trio.lineup.x([compare.START])
        for y in compare.reconstructions(trio, x).values():
            assert y.shape == x.shape
