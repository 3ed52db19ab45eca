import json
import shlex
from dataclasses import replace

import pytest
import toys

from gen_models import cards, files, model_readme
from gen_models.families import (
    AutoencoderFacts,
    AutoencoderKind,
    GANFacts,
    Label,
    Likelihood,
    MetricId,
    Pix2PixFacts,
    Pix2PixRecipe,
    VAEFacts,
)
from gen_models.tables import markdown_table


@pytest.fixture
def folder(toy_card, tmp_path):
    model_readme.save(toy_card, tmp_path / toy_card.name)
    return tmp_path / toy_card.name


def edit(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_a_card_survives_the_disk(folder, toy_card):
    assert cards.load(folder / "card.json") == toy_card


def test_facts_and_metrics_come_back_as_what_they_were(tmp_path):
    card = cards.load(toys.pix2pix(tmp_path, "drawn").folder / "card.json")
    assert card.facts_as(Pix2PixFacts).labels[0] == Label("wall", (0, 0, 220))
    assert card.facts_as(Pix2PixFacts).recipe is Pix2PixRecipe.FAST
    assert card.metric(MetricId.SSIM).value == 0.875
    assert card.metric(MetricId.FRECHET_DISTANCE) is None
    with pytest.raises(
        cards.CardError, match="drawn is a model of the family pix2pix and cannot be used here"
    ):
        card.facts_as(GANFacts)


def test_metrics_with_variants_are_found_by_them(tmp_path):
    card = toys.cyclegan(tmp_path).card
    assert card.metric(MetricId.CYCLE_ERROR, "x", 0.1).value == pytest.approx(0.13)
    assert card.metric(MetricId.PAIR_ERROR, "y", "identity").value == 0.375
    assert card.metric(MetricId.PAIR_ERROR) is None


def test_the_readme_states_licence_data_numbers_and_command(folder, toy_card):
    text = (folder / "README.md").read_text()
    assert text.startswith("---\nlicense: other\n")
    for fact in (
        toy_card.dataset.licence,
        toy_card.training.command,
        toy_card.limitations,
        "0.125",
        "python -m measure",
    ):
        assert fact in text


@pytest.fixture
def raw(tmp_path):
    """The content of a card with everything in it: of a VAE, with a sheet."""
    return json.loads((toys.heads(tmp_path).folder / "card.json").read_text())


def changed(raw, path, value=None):
    """The content with another value at a path such as "facts.beta"; None takes it away."""
    raw = json.loads(json.dumps(raw))
    *parents, last = path.split(".")
    place = raw
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    if value is None:
        del place[int(last) if isinstance(place, list) else last]
    else:
        place[last] = value
    return raw


METRIC = {
    "value": 1.0, "unit": "", "n": 1, "split": "test", "seeds": [0], "command": "python", "note": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("family", "oracle", "is of an unknown family, 'oracle'"),
        ("family", ["vae"], "is of an unknown family"),
        ("surprise", 1, "is damaged: it has an unknown part, 'surprise'"),
        ("dataset.surprise", 1, "is damaged: dataset.surprise: Unexpected"),
        ("graphs.decoder.inputs.0.surprise", 1, "is damaged: graphs.decoder.inputs.0.surprise"),
        ("dataset.a\nb", 1, r"is damaged: dataset.a\\nb: Unexpected"),
        ("lecture", None, "is damaged: it lacks lecture"),
        ("facts", None, "is damaged: it lacks facts"),
        ("training.minutes", None, "is damaged: training.minutes: Field required"),
        ("training.minutes", "1", "is damaged: training.minutes: Input should be a valid number"),
        ("training.images", 1.5, "is damaged: training.images: Input should be a valid integer"),
        ("name", 3, "is damaged: name: Input should be a valid string"),
        ("metrics", 3, "is damaged: metrics: Input should be an object"),
        ("graphs", {"decoder": {}}, "is damaged: graphs.decoder"),
        ("facts", {}, "is damaged: facts.likelihood: Field required"),
        ("facts", {"recipe": "DCGAN", "pack": 1}, "is damaged: facts.likelihood: Field required"),
        ("facts.recipe", "DCGAN", "is damaged: facts.recipe: Unexpected keyword"),
        ("facts.beta", "1", "is damaged: facts.beta: Input should be a valid number"),
        ("facts.beta", True, "is damaged: facts.beta: Input should be a valid number"),
        ("facts.binarized", 1, "is damaged: facts.binarized: Input should be a valid boolean"),
        (
            "facts.likelihood",
            "poisson",
            "facts.likelihood: Input should be 'bernoulli' or 'normal'",
        ),
        ("facts.likelihood", "Normal", "facts.likelihood: Input should be 'bernoulli' or 'normal'"),
        ("metrics.oracle", METRIC, "has a metric that its family does not: 'oracle'"),
        ("metrics.squared error", METRIC, "a metric that its family does not: 'squared error'"),
        ("metrics.fid", METRIC, "has a metric that its family does not: 'fid'"),
        ("metrics.kl", METRIC | {"value": float("nan")}, "metrics holds a number that is out of"),
        ("config", {"a": [float("-inf")]}, "config holds a number that is out of range"),
        ("graphs.decoder.bytes", 10**400, "graphs holds a number that is out of range"),
        ("graphs.decoder", None, "is damaged: it has no graph called 'decoder'"),
        ("graphs.attributes", None, "is damaged: it has no graph called 'attributes'"),
        ("graphs.decoder.outputs.1", None, "its graph 'decoder' lacks the port 'logvar'"),
        ("graphs.directions.inputs.0", None, "its graph 'directions' lacks the port 'smile'"),
        ("sheets", {"film": {"file": "film.webp", "rows": 0, "columns": 1}}, "has no tiles"),
        (
            "sheets",
            {"film": {"file": "film.webp", "rows": 1, "columns": 2, "losses": {"loss_G": [1.0]}}},
            "has not one loss for each column",
        ),
    ],
)
def test_a_card_that_cannot_be_used_gives_one_sentence(raw, path, value, sentence):
    with pytest.raises(cards.CardError, match=sentence) as caught:
        cards.checked(changed(raw, path, value), "toy/card.json")
    assert str(caught.value).startswith("toy/card.json")
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "file", ["../decoder.onnx", "/etc/passwd", "a/b.onnx", "a\\b.onnx", "..", ".hidden", "", "a\0b"]
)
@pytest.mark.parametrize("where", ["graphs.decoder", "sheets.film"])
def test_a_file_outside_its_folder_is_refused(raw, where, file):
    raw["sheets"] = {"film": {"file": "film.webp", "rows": 1, "columns": 1}}
    with pytest.raises(cards.CardError, match="names a file outside its own folder"):
        cards.checked(changed(raw, f"{where}.file", file), "toy/card.json")


def test_a_card_without_graphs_is_damaged(toy_card):
    facts = AutoencoderFacts(AutoencoderKind.PCA, ())
    bare = replace(toy_card, family="autoencoder", facts=facts, graphs={}, metrics={})
    with pytest.raises(cards.CardError, match="it has no graph"):
        cards.checked(json.loads(bare.content()), "toy/card.json")


def test_the_names_of_classes_are_as_many_as_the_input_takes(tmp_path):
    card = toys.gan(tmp_path, "told", classes=("boot", "bag")).card
    assert card.classes == ("boot", "bag")
    more = replace(card, facts=replace(card.facts, classes=("boot", "bag", "coat")))
    with pytest.raises(cards.CardError, match="it names 3 classes, which the input y of its graph"):
        cards.checked(json.loads(more.content()), "told/card.json")
    plain = toys.gan(tmp_path, "plain").card
    told = replace(plain, facts=replace(plain.facts, classes=("boot", "bag")))
    with pytest.raises(cards.CardError, match="its graph 'generator' lacks the port 'y'"):
        cards.checked(json.loads(told.content()), "plain/card.json")


def test_the_readme_says_which_class_is_which_and_asks_for_the_first(tmp_path):
    words = model_readme.render(toys.gan(tmp_path, "told", classes=("boot", 'a "bag"')).card)
    assert '`y` is the class, one-hot, in this order: "boot", "a \\"bag\\"".' in words
    assert '"y": np.eye(2, dtype="float32")[:1]' in words


def test_a_card_belongs_to_the_folder_it_names(folder):
    with pytest.raises(cards.CardError, match="says it belongs to 'somebody-else'"):
        cards.load(edit(folder, name="somebody-else"))


def test_a_card_of_an_older_schema_gives_the_command_that_converts_it(folder):
    with pytest.raises(cards.CardError, match="convert it with") as caught:
        cards.load(edit(folder, schema=1))
    named = f"{folder.parent.name}/{folder.name}"
    assert f"`python -m gen_models.migrate {shlex.quote(named)}`." in str(caught.value)
    assert str(folder) not in str(caught.value), "where it lies is nothing for visitors of the app"


@pytest.mark.parametrize("schema", [0, 99, "2", None, [1], "a\nb"])
def test_a_card_of_a_newer_or_odd_schema_says_which_is_read(folder, schema):
    with pytest.raises(cards.CardError, match="this version reads schema 2: another") as caught:
        cards.load(edit(folder, schema=schema))
    assert "\n" not in str(caught.value)


def test_a_card_that_could_not_be_read_again_is_not_written(toy_card, tmp_path):
    facts = VAEFacts(Likelihood.NORMAL)
    with pytest.raises(cards.CardError, match=r"new/card\.json is damaged: facts\.recipe"):
        model_readme.save(replace(toy_card, facts=facts), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_json_object_is_no_card(tmp_path, content):
    (tmp_path / "card.json").write_bytes(content)
    sentence = r"toy/card\.json is no card: its content is not a JSON object\.$"
    with pytest.raises(cards.CardError, match=sentence):
        cards.read(tmp_path / "card.json", "toy/card.json")


def test_a_card_that_is_not_there_is_not_called_damaged(tmp_path):
    with pytest.raises(cards.CardError, match=r"^There is no exported/toy/card\.json\.$"):
        cards.read(tmp_path / "card.json", "exported/toy/card.json")


def test_a_card_that_cannot_be_opened_gives_the_reason(tmp_path):
    (tmp_path / "card.json").mkdir()
    with pytest.raises(cards.CardError, match=r"^toy/card\.json cannot be read: Is a directory\.$"):
        cards.read(tmp_path / "card.json", "toy/card.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema": 1}'])
def test_damaged_json_is_a_problem_of_that_card_alone(folder, toy_card, content):
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "card.json").write_bytes(content)
    found, problems = cards.discover(folder.parent)
    assert found == [toy_card]
    assert len(problems) == 1
    assert problems[0].startswith("broken/card.json")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a"
    files.write_atomically(path, b"old")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("no space"))
    )
    with pytest.raises(OSError, match="no space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_new_numbers_replace_old_ones_of_the_same_name(toy_card):
    (key, old), other = *toy_card.metrics.items(), MetricId.RECALL.of()
    metric = replace(old, value=2.0)
    assert toy_card.with_metrics({key: metric, other: metric}).metrics == {
        key: metric,
        other: metric,
    }


def test_a_bar_in_a_cell_does_not_end_it():
    made = markdown_table(("what", "value"), [("p(x|z)", "1\n2")])
    assert made.splitlines() == ["| what | value |", "| --- | --- |", "| p(x\\|z) | 1 2 |"]
