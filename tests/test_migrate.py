"""Cards of schema 1 become cards of today: their facts are found, and nothing that was measured changes."""

import json
from pathlib import Path

import pytest
import toys

from gen_models import cards, migrate
from gen_models.families import (
    AutoencoderFacts,
    AutoencoderKind,
    CycleGANFacts,
    FeaturesFacts,
    FeatureTask,
    GANFacts,
    GANRecipe,
    InfoGANFacts,
    Label,
    LabFacts,
    LabLoss,
    Likelihood,
    MetricId,
    Pix2PixFacts,
    Pix2PixRecipe,
    Translator,
    VAEFacts,
)

OLD = {path.stem: path for path in sorted(Path("tests/data/schema1").glob("*.json"))}
HEADS = (
    "smile", "age", "masculine", "yaw", "pitch", "hair_length", "beard", "glasses", "skin_tone", "light_azimuth",
)  # fmt: skip
FACTS = {
    "ae-digits": AutoencoderFacts(AutoencoderKind.CONV, (2, 32)),
    "cyclegan-earth": CycleGANFacts(10.0, 0.5),
    "cyclegan-heads-toons": CycleGANFacts(5.0, 1.0, Translator.GAN),
    "dcgan-fashion": GANFacts(GANRecipe.DCGAN),
    "features-digits": FeaturesFacts(FeatureTask.CLASSES),
    "features-heads": FeaturesFacts(FeatureTask.FACTORS),
    "gan-heads": GANFacts(GANRecipe.LOGISTIC_R1),
    "infogan-digits": InfoGANFacts(10, 2),
    "vae-digits-binary": VAEFacts(Likelihood.BERNOULLI, binarized=True),
    "vae-heads": VAEFacts(Likelihood.NORMAL, sigma=0.25, attributes=HEADS),
}


@pytest.fixture
def old(tmp_path):
    """Put an old card into a folder of its name."""

    def place(name, change=lambda raw: None):
        raw = json.loads(OLD[name].read_text("utf-8"))
        change(raw)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "card.json").write_text(json.dumps(raw), "utf-8")
        return folder

    return place


def as_json(part):
    """A part of a card as `card.json` has it."""
    return json.loads(json.dumps(part))


def test_there_is_an_old_card_of_every_family():
    families = {json.loads(path.read_text("utf-8"))["family"] for path in OLD.values()}
    assert families == migrate.FACTS.keys()


@pytest.mark.parametrize("name", OLD)
def test_an_old_card_is_converted_and_can_be_loaded(old, name):
    folder = old(name)
    with pytest.raises(
        cards.CardError, match=rf"convert it with `python -m gen_models\.migrate .*{name}`"
    ):
        cards.load(folder / "card.json")
    assert migrate.migrate(folder)
    card = cards.load(folder / "card.json")
    assert card.schema == cards.SCHEMA
    assert (folder / "README.md").read_text("utf-8").count(f"# {card.title}\n") == 1
    assert card == migrate.read(OLD[name], name), "what comes from the Hub is converted alike"


@pytest.mark.parametrize("name", OLD)
def test_what_was_measured_made_and_done_stays_as_it_was(old, name):
    raw, folder = json.loads(OLD[name].read_text("utf-8")), old(name)
    migrate.migrate(folder)
    new = json.loads((folder / "card.json").read_text("utf-8"))
    for part in ("name", "title", "lecture", "summary", "limitations", "config", "graphs"):
        assert new[part] == raw[part], part
    assert new["sheets"] == raw.get("sheets", {})
    for part in ("dataset", "training"):
        assert raw[part].items() <= new[part].items()
    assert len(new["metrics"]) == len(raw["metrics"])
    for was, now in zip(raw["metrics"].values(), new["metrics"].values(), strict=True):
        for part in ("value", "n", "split", "seeds", "command"):
            assert now[part] == was[part], part


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_found_among_the_options_of_the_training(name):
    assert migrate.read(OLD[name], name).facts == FACTS[name]


@pytest.mark.parametrize(("name", "sigma"), [("vae-digits-binary", None), ("vae-heads", 0.5)])
def test_sigma_is_a_fact_of_a_normal_likelihood_alone(old, name, sigma):
    folder = old(name, lambda raw: raw["config"].update(sigma=0.5))
    assert migrate.read(folder / "card.json", name).facts_as(VAEFacts).sigma == sigma


def test_the_facts_of_a_label_map_are_its_labels():
    facts = migrate.read(OLD["pix2pix-heads"], "").facts_as(Pix2PixFacts)
    raw = json.loads(OLD["pix2pix-heads"].read_text("utf-8"))
    assert facts.recipe is Pix2PixRecipe.FAST
    assert facts.channels == ()
    assert [label.name for label in facts.labels] == [label["name"] for label in raw["labels"]]
    assert isinstance(facts.labels[0], Label)


def test_the_other_spelling_of_least_squares_is_the_one_that_the_lab_compares_with():
    raw = json.loads(OLD["lab-least-squares"].read_text("utf-8"))
    assert raw["config"]["loss"] == "least squares"
    facts = migrate.read(OLD["lab-least-squares"], "").facts_as(LabFacts)
    assert facts.loss is LabLoss.LEAST_SQUARES
    assert (facts.batch, facts.pack, facts.unroll, facts.penalty) == (128, 1, 0, None)
    assert facts.hyper == raw["config"]["hyper"]
    assert as_json(facts.initial) == raw["config"]["initial"]


def test_where_its_data_and_its_seed_came_from_is_in_the_card(old):
    card = migrate.read(OLD["vae-heads"], "")
    assert (card.dataset.recipe, card.dataset.size, card.dataset.channels) == ("heads", 64, None)
    assert (card.training.seed, card.training.batch) == (0, 64)
    lab = migrate.read(OLD["lab-least-squares"], "")
    assert (lab.dataset.recipe, lab.training.seed, lab.training.batch) == ("", None, 0)


@pytest.mark.parametrize(
    ("family", "name", "key"),
    [
        ("autoencoder", "squared error/10", "squared_error/10"),
        ("autoencoder", "largest principal angle to PCA/2", "principal_angle/2"),
        ("vae", "KL", "kl"),
        ("vae", "KL of dimension/31", "dimension_kl/31"),
        ("vae", "separation/hair_length", "attribute_auroc/hair_length"),
        ("vae", "−log p(x), 5000 samples", "nll_bound/5000"),
        ("gan", "Fréchet distance of real pictures", "frechet_distance_real"),
        ("gan", "samples nearer than 1 % of test pictures", "near_copies"),
        ("infogan", "code accuracy/seed 3", "code_accuracy/3"),
        ("infogan", "digit of category/9", "class_of_category/9"),
        ("infogan", "mutual information bound", "information_bound"),
        ("infogan", "mutual information bound/continuous codes", "information_bound/continuous"),
        ("pix2pix", "L1", "l1"),
        ("pix2pix", "L1/pix2pix-paper-heads", "l1@pix2pix-paper-heads"),
        ("pix2pix", "Fréchet distance/pix2pix-paper-heads", "frechet_distance@pix2pix-paper-heads"),
        ("cyclegan", "cycle error/x/noise 0.05", "cycle_error/x/0.05"),
        ("cyclegan", "error against the true pair/y/identity", "pair_error/y/identity"),
        ("features", "explained/yaw", "explained_variance/yaw"),
        ("lab", "ring: high quality", "high_quality/ring"),
        ("lab", "grid, what D lets pass: modes", "modes/grid/rejection"),
        ("lab", "digits: KL", "mode_kl/digits"),
    ],
)
def test_metrics_get_the_ids_of_today(family, name, key):
    assert migrate._key(family, name, "") == key


def test_samples_and_pictures_are_images_in_what_people_read():
    metric = migrate.read(OLD["gan-heads"], "").metric(MetricId.NEAR_COPIES)
    assert "picture" not in metric.unit + metric.note


def test_the_command_converts_once_and_says_so(old, capsys):
    folders = [str(old(name)) for name in ("gan-heads", "lab-least-squares")]
    assert migrate.main(folders) == 0
    assert capsys.readouterr().out == "".join(f"{folder}: converted\n" for folder in folders)
    before = [(Path(folder) / "card.json").read_bytes() for folder in folders]
    assert migrate.main(folders) == 0
    out = capsys.readouterr().out
    assert out == "".join(f"{folder}: already has the current schema\n" for folder in folders)
    assert [(Path(folder) / "card.json").read_bytes() for folder in folders] == before


def test_a_toy_is_current_already(tmp_path):
    assert not migrate.migrate(toys.lab(tmp_path).folder)


def test_a_folder_that_cannot_be_written_gives_one_sentence(old, capsys, monkeypatch):
    folder = old("gan-heads")
    monkeypatch.setattr(
        "gen_models.model_readme.write_atomically",
        lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device", "card.json")),
    )
    assert migrate.main([str(folder)]) == 2
    err = capsys.readouterr().err
    assert err == "error: card.json: No space left on device.\n"


def test_one_that_cannot_be_converted_leaves_the_others_to_be(old, capsys, tmp_path):
    bad = old("gan-heads", lambda raw: raw.update(schema=3))
    good = old("vae-heads")
    assert migrate.main([str(bad), str(tmp_path / "none"), str(good)]) == 2
    said = capsys.readouterr()
    assert said.out == f"{good}: converted\n"
    first, second = said.err.splitlines()
    assert first.startswith("error: gan-heads/card.json has card schema 3")
    assert second == "error: There is no none/card.json."


def forget(raw, *path):
    *parents, last = path
    for name in parents:
        raw = raw[name]
    del raw[last]


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("gan-heads", lambda raw: raw.update(schema=3), "has card schema 3, and this version"),
        ("gan-heads", lambda raw: raw.update(schema=None), "has card schema null, and this"),
        ("gan-heads", lambda raw: raw.pop("schema"), "has card schema null, and this version"),
        ("gan-heads", lambda raw: raw.update(family="oracle"), "unknown family, 'oracle'"),
        ("gan-heads", lambda raw: raw.update(family=["gan"]), "is of an unknown family"),
        ("gan-heads", lambda raw: raw.update(metrics=3), "cannot be converted: a part has the wrong type"),
        ("gan-heads", lambda raw: raw.update(graphs=3), "is damaged: graphs: "),
        ("gan-heads", lambda raw: raw.update(config=None), "converted: a part has the wrong type"),
        ("gan-heads", lambda raw: raw.pop("training"), "cannot be converted: 'training' is missing"),
        ("gan-heads", lambda raw: raw.pop("lecture"), "is damaged: it lacks lecture"),
        ("gan-heads", lambda raw: forget(raw, "metrics", "recall", "value"), "recall.value: Field"),
        ("gan-heads", lambda raw: forget(raw, "graphs", "generator"), "is damaged: it has no graph"),
        ("vae-heads", lambda raw: forget(raw, "graphs", "decoder"), "cannot be converted: 'decoder' is missing"),
        ("vae-heads", lambda raw: raw["config"].update(beta="much"), "converted: could not convert string"),
        ("lab-least-squares", lambda raw: raw["config"].update(loss="hinge"), "damaged: facts.loss: "),
        ("gan-heads", lambda raw: raw["config"].update(pack=float("inf")), "converted: cannot convert float"),
        (
            "infogan-digits",
            lambda raw: raw["graphs"]["generator"]["inputs"][1].update(shape=[]),
            "has the wrong type",
        ),
        ("ae-digits", lambda raw: forget(raw, "config", "kind"), "cannot be converted: 'kind' is missing"),
        ("ae-digits", lambda raw: raw["config"].update(kind="sparse"), "is damaged: facts.kind: "),
        (
            "gan-heads",
            lambda raw: raw["metrics"].update(beauty=raw["metrics"]["recall"]),
            "has a metric that this version does not know: 'beauty'",
        ),
        (
            "gan-heads",
            lambda raw: raw["graphs"]["generator"].update(file="../../etc/passwd"),
            "names a file outside its own folder",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_gives_one_sentence_and_nothing_is_written(
    old, name, change, sentence
):
    folder = old(name, change)
    before = (folder / "card.json").read_bytes()
    with pytest.raises(cards.CardError, match=sentence) as caught:
        migrate.migrate(folder)
    assert str(caught.value).startswith(f"{name}/card.json ")
    assert "\n" not in str(caught.value)
    assert [path.name for path in folder.iterdir()] == ["card.json"]
    assert (folder / "card.json").read_bytes() == before
