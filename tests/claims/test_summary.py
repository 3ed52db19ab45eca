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


def test_on_fashion_the_gan_draws_best_and_has_no_code(trios):
    says(
        compare.EXPERIMENT,
        "the GAN’s samples are nearest to real ones, 0.56 away where the others are 7.90 and 10.60",
        "The others are blurred, at 0.61 and 0.55 of the sharpness of images",
        "here the VAE is no better a generator than the autoencoder with its fitted Gaussian",
    )
    rows = compare.measured(trios["fashion"])
    distances = [words for words, _ in rows["distance"]]
    assert distances == ["7.90", "10.60", "0.56"]
    assert [words for words, _ in rows["sharpness"]] == ["0.61", "0.55", "–"]
    assert float(distances[0]) < float(distances[1])
    assert [words for words, _ in rows["code"]] == ["yes", "yes, with σ", "no"]
    assert trios["fashion"].gan.card.graphs.keys() == {"generator"}


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
