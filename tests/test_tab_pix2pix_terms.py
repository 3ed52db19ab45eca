"""The experiment on the two terms of pix2pix's loss, on toy models."""

from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import toys

from gen_models.app.chapters import pix2pix
from gen_models.app.chapters.pix2pix import canvases, draw, terms
from gen_models.errors import BadRequest
from gen_models.families import Pix2PixFacts
from gen_models.runtime import Model, from_uint8


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model by both terms, and two of its size and data by one each."""
    root = tmp_path_factory.mktemp("exported")
    weights = {"both": (100, 1), "l1": (100, 0), "gan": (0, 1)}
    found = {}
    for way, (l1, gan) in weights.items():
        model = toys.pix2pix(root, f"p-{way}", "lines")
        facts = replace(model.card.facts_as(Pix2PixFacts), l1=l1, gan=gan)
        found[f"p-{way}"] = Model(replace(model.card, facts=facts), model.folder)
    return found


def test_three_are_found_if_they_share_data_and_size(models, tmp_path):
    assert {way: model.card.name for way, model in terms.trio(models).items()} == {
        "both": "p-both",
        "l1": "p-l1",
        "gan": "p-gan",
    }
    other = toys.pix2pix(tmp_path, "p-both", "lines", side=48)
    assert terms.trio(models | {"p-both": other}) == {}


def test_the_brush_is_for_those_that_were_trained_by_both(models):
    assert list(draw.in_order(models)) == ["p-both"]
    alone = {"p-l1": models["p-l1"]}
    assert list(draw.in_order(alone)) == ["p-l1"], "better than an empty page"


def test_colour_of_grey_of_red_and_of_both():
    grey, red = np.full((1, 3, 2, 2), 0.7), np.zeros((1, 3, 2, 2))
    red[:, 0] = 0.8
    assert terms.colour(grey) == 0
    assert terms.colour(red) == pytest.approx(0.8)
    assert terms.colour(np.concatenate([grey, red])) == pytest.approx(0.4)


def test_without_noise_the_numbers_are_those_of_the_toy(models):
    three = terms.trio(models)
    found = terms.compared(three, 2, 0)
    drawing, true = (canvases.examples(three["both"], role)[2] for role in ("inputs", "targets"))
    np.testing.assert_array_equal(found["l1"]["image"], drawing)
    error = np.abs(from_uint8(drawing[None]) - from_uint8(true[None])).mean()
    assert found["gan"]["error"] == pytest.approx(error, abs=1e-4)


def test_an_example_that_was_lost_is_one_sentence(models, tmp_path):
    three = dict.fromkeys(terms.WAYS, toys.pix2pix(tmp_path, "p", "lines"))
    (three["both"].folder / three["both"].card.sheets["targets"].file).unlink()
    with pytest.raises(BadRequest, match="true images"):
        terms.compared(three, 0, 0)


def test_the_page_says_what_is_missing(models):
    with gr.Blocks() as demo:
        terms.build({"p-both": models["p-both"]})
    assert any("--lambda-gan 0" in str(getattr(b, "value", "")) for b in demo.blocks.values())
    assert terms.EXPERIMENT in pix2pix.CHAPTER.experiments
