"""The front door: the first page, Models, numbers.csv, CITATION.cff, CHANGELOG.md and the README's opening."""

import csv
import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gen_models import cards, numbers
from gen_models.app.chapter import SECTIONS, path
from gen_models.app.chapters import CHAPTERS
from gen_models.app.shell import citation, models, page, start, thumbnails
from gen_models.cards import Metric
from gen_models.families import FAMILIES, better_of, label_of
from gen_models.runtime import Model

EXPORTED = Path("exported")
FOUND, _ = cards.discover(EXPORTED)
MODELS = [Model(card, EXPORTED / card.name) for card in FOUND]
CONTENTS = [
    page.Contents.of(
        chapter, {model.card.name: model for model in MODELS if chapter.shows(model.card)}, []
    )
    for chapter in CHAPTERS
]
ADDRESSES = [path(chapter, each) for chapter in CHAPTERS for each in chapter.experiments]
VERSION = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]


class Links(HTMLParser):
    """Collects where links lead, and what images there are."""

    def __init__(self, text):
        super().__init__()
        self.links, self.images = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "a":
            self.links.append(found["href"])
        elif tag == "img":
            self.images.append(found["src"])


# ------------------------------------------------------------------------------------------------------ the first page


@pytest.mark.parametrize("each", CONTENTS, ids=lambda each: each.chapter.id)
def test_a_chapter_has_a_card_that_leads_to_all_its_experiments(each):
    first, *links = Links(start.card(each)).links
    mine = [f"#{path(each.chapter, experiment)}" for experiment in each.chapter.experiments]
    assert first == mine[0]
    assert links == mine
    verb, rest = each.chapter.invitation
    assert verb[0].isupper()
    assert rest.endswith(".")
    assert start.lectured(each.chapter).startswith(each.chapter.section.lecture)


def test_the_cards_stand_in_the_order_of_the_tabs():
    found = Links(start.cards(CONTENTS))
    assert list(dict.fromkeys(found.links)) == [f"#{address}" for address in ADDRESSES]
    order = [SECTIONS.index(each.chapter.section) for each in CONTENTS]
    assert order == sorted(order)
    assert found.images == [thumbnails.address(f"chapters/{each.chapter.id}") for each in CONTENTS]


def test_a_chapter_without_its_models_has_a_card_without_an_image():
    vae = next(each for each in CONTENTS if each.chapter.id == "vae")
    assert Links(start.card(dataclasses.replace(vae, models={}))).images == []


@pytest.mark.parametrize("each", CONTENTS, ids=lambda each: each.chapter.id)
def test_an_image_of_a_chapter_is_made_from_its_models_and_is_small(each):
    made = each.chapter.thumbnail(each.models)
    assert made.shape == (thumbnails.HEIGHT, thumbnails.WIDTH, 3)
    assert made.std() > 5, "it shows something"
    assert len(thumbnails.webp(made)) < 20_000


def test_credits_are_what_the_cards_say():
    said = start.credits(FOUND)
    for card in FOUND:
        assert card.dataset.licence in said
    other = dataclasses.replace(
        FOUND[0], dataset=dataclasses.replace(FOUND[0].dataset, licence="CC0 <1.0>")
    )
    assert "CC0 &lt;1.0&gt;" in start.credits([other])
    assert FOUND[0].dataset.licence not in start.credits([other])


def test_the_first_page_says_what_is_stored_and_what_leaves_the_server(whole_app):
    shown = " ".join(
        str(getattr(block, "html_template", "")) for block in whole_app.blocks.values()
    )
    assert "Nothing you draw or upload leaves this server" in shown
    assert "Stored are the training film" in shown
    assert "data:image" not in start.cards(CONTENTS)
    assert not whole_app.analytics_enabled


def test_telemetry_is_off_before_gradio_is_imported():
    env = {name: value for name, value in os.environ.items() if not name.startswith("GRADIO")}
    code = "import gen_models.app, gradio.analytics as a; print(a.analytics_enabled())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


# ------------------------------------------------------------------------------------------------------- all the models


def test_every_model_has_a_row_in_the_group_of_its_chapter():
    groups = models.grouped(CONTENTS, MODELS)
    listed = [model.card.name for _, found in groups for model in found]
    assert sorted(listed) == sorted(card.name for card in FOUND)
    by_title = {title: {model.card.name for model in found} for title, found in groups}
    assert "vae-digits-2d" in by_title["VAEs"]
    assert "vae-heads" in by_title["Morphing faces"]
    assert by_title[models.FEATURES] == {c.name for c in FOUND if c.family == "features"}
    html = models.listing(groups)
    assert re.findall(r'data-model="([^"]+)"', html) == listed
    assert not re.search(r"(?<!\d)0\.0 minutes", html)
    assert "data:image" not in html


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.card.name)
def test_a_row_shows_the_number_that_stands_for_its_family(model):
    row, card = models.row(model), model.card
    headline = [key for key in FAMILIES[card.family].headlines if key in card.metrics]
    assert (f"{card.metrics[headline[0]].value:.2f}" in row) if headline else ("(n =" not in row)
    assert card.title in row.replace("&#x27;", "'")
    assert thumbnails.of_model(model).shape == (thumbnails.SIDE, thumbnails.SIDE, 3)


def test_times_are_read_by_people():
    made = FOUND[0].training
    assert dataclasses.replace(made, minutes=14.23, images=9).time == "14.2 minutes"
    assert dataclasses.replace(made, minutes=0.7, images=9).time == "42 seconds"
    assert dataclasses.replace(made, minutes=0.0, images=0).time == "none"


# ---------------------------------------------------------------------------------------------------------- all numbers


def test_the_file_of_numbers_holds_what_the_cards_say():
    file = (EXPORTED / numbers.FILE).read_text("utf-8")
    assert file == numbers.table(FOUND), "`make numbers` writes it anew"
    rows = list(csv.DictReader(file.splitlines()))
    assert len(rows) == sum(len(card.metrics) for card in FOUND)
    for row in rows:
        card = next(card for card in FOUND if card.name == row["model"])
        assert float(row["value"]) == pytest.approx(card.metrics[row["metric"]].value, rel=1e-5)
        assert int(row["n"]) == card.metrics[row["metric"]].n


def metric(note, seeds):
    return Metric(1.0, "", 10, "test", tuple(range(seeds)), "", note)


def test_an_interval_is_students():
    # Of 0, 1 and 2: mean 1, standard deviation 1, so 1 ± 4.303 / √3; divided by n it is 0.8165.
    low, high = numbers.interval(metric("standard deviation 1.000", 3))
    assert (low, high) == pytest.approx((1 - 2.4843, 1 + 2.4843), abs=1e-3)
    assert numbers.interval(metric("10 steps, sd 0.8165, worst 0", 3)) == pytest.approx(
        (low, high), abs=1e-3
    )


@pytest.mark.parametrize("one", [metric("sd 0.3", 1), metric("", 3), metric("used 0.3", 3)])
def test_there_is_no_interval_without_several_seeds_and_their_deviation(one):
    assert numbers.interval(one) is None


# ------------------------------------------------------------------------------------------------- version and citation


def test_the_citation_is_valid_and_of_this_version():
    said = citation.citation()
    assert {"cff-version", "message", "title", "authors"} <= said.keys()
    assert said["cff-version"] == "1.2.0"
    assert said["type"] == "software"
    assert said["version"] == VERSION
    assert (
        said["license"] == tomllib.loads(Path("pyproject.toml").read_text())["project"]["license"]
    )
    assert f"Copyright (c) 2026 {said['authors'][0]['name']}" in Path("LICENSE").read_text()


def test_the_entry_leaves_out_an_address_that_is_not_known():
    said = citation.citation()
    without = citation.bibtex(said, {"Lecture": "https://geometry.cs.ucl.ac.uk/dl4g"})
    assert "url" not in without
    assert without.startswith("@software{latent_lab_2026,\n  author = {{Latent Lab contributors}},")
    known = citation.bibtex(said, {"Repository": "https://example.org/x", "Homepage": "other"})
    assert "  url = {https://example.org/x},\n" in known
    assert known.count("{") == known.count("}")


def test_the_lecture_is_linked():
    assert citation.addresses()["Lecture"] in start.audience(CHAPTERS)


def test_the_changelog_names_the_version_and_its_numbers():
    text = Path("CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (\d+\.\d+\.\d+)", text, re.MULTILINE)[0] == VERSION
    table = text.partition("<!-- changes -->")[2].partition("<!-- /changes -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE)
    assert {"gan-toons", "vae-heads"} <= {name for name, _, _ in rows}
    for name, words, now in rows:
        card = next(card for card in FOUND if card.name == name)
        labelled = {
            ", ".join(
                filter(None, (label_of(card.family, key), better_of(card.family, key)))
            ): metric
            for key, metric in card.metrics.items()
        }
        assert now == f"{labelled[words].value:.4g}", "`python -m scripts.changelog` writes it anew"


def test_the_readme_opens_with_a_film_and_two_commands():
    opening = (
        Path("README.md").read_text("utf-8").split("# Latent Lab\n", 1)[1].split("<details>")[0]
    )
    (file,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", opening)
    assert 0 < Path(file).stat().st_size < 2_000_000
    assert re.findall(r"^make (\w+)", opening, re.MULTILINE) == ["demo", "test"]
