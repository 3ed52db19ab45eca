"""What the chapter GANs claims."""

import pytest

from claims import says
from gen_models.app.chapters import gan
from gen_models.app.chapters.gan import common, samples


@pytest.fixture(scope="module")
def models(exported):
    return {name: model for name, model in exported.items() if gan.CHAPTER.shows(model.card)}


def test_a_short_z_is_strange_to_g(models):
    says(
        samples.EXPERIMENT,
        "the distance to the nearest training image is 9.19 there and 7.07 at 1",
        "a length near $\\sqrt{64} = 8$",
        "At 0 all samples are one.",
    )
    model = common.default(common.generators(models))
    assert common.latent_dim(model) == 64
    search = common.search_for(model, models)
    texts = {psi: samples.at(model, search, 0, psi)["text"] for psi in (0, 0.3, 1)}
    assert (texts[0.3]["near"], texts[1]["near"]) == ("9.19", "7.07")
    assert texts[0]["distance"] == "0.00"
