"""Convert cards of an older schema to the one that this version reads.

    python -m gen_models.migrate exported/*          (or any folders that hold a card.json)

Graphs, images and values stay as they are; what a card says is written in today's terms: the facts that the app used
to look up among the options of the training become typed facts, and metrics get the ids of `gen_models.families`.
Works on committed models and on one's own exports. What comes from the Hub is converted while it is read
(`gen_models.hub`).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gen_models import cards, model_readme
from gen_models.cards import SCHEMA, Card, CardError, checked
from gen_models.errors import ending_in_a_sentence, user_facing
from gen_models.families import REJECTION, MetricId

M = MetricId
Raw = dict[str, Any]

METRICS: dict[str, tuple[tuple[str, str], ...]] = {
    "autoencoder": (
        (r"squared error/(\d+)", M.SQUARED_ERROR.of(r"\1")),
        (r"largest principal angle to PCA/(\d+)", M.PRINCIPAL_ANGLE.of(r"\1")),
    ),
    "vae": (
        ("ELBO", M.ELBO),
        ("reconstruction", M.RECONSTRUCTION),
        ("KL", M.KL),
        ("active dimensions", M.ACTIVE_DIMENSIONS),
        ("squared error", M.SQUARED_ERROR),
        (r"KL of dimension/(\d+)", M.DIMENSION_KL.of(r"\1")),
        (r"separation/(.+)", M.ATTRIBUTE_AUROC.of(r"\1")),
        (r"−log p\(x\), (\d+) samples", M.NLL_BOUND.of(r"\1")),
    ),
    "gan": (
        ("Fréchet distance", M.FRECHET_DISTANCE),
        ("Fréchet distance of real pictures", M.FRECHET_DISTANCE_REAL),
        ("precision", M.PRECISION),
        ("recall", M.RECALL),
        ("precision of real pictures", M.PRECISION_REAL),
        ("recall of real pictures", M.RECALL_REAL),
        ("distance to nearest training picture", M.NEAREST_TRAINING_DISTANCE),
        ("samples nearer than 1 % of test pictures", M.NEAR_COPIES),
        ("FID", M.FID),
    ),
    "infogan": (
        ("code accuracy", M.CODE_ACCURACY),
        (r"code accuracy/seed (\d+)", M.CODE_ACCURACY.of(r"\1")),
        (r"digit of category/(\d+)", M.CLASS_OF_CATEGORY.of(r"\1")),
        ("mutual information bound", M.INFORMATION_BOUND),
        ("mutual information bound/category", M.INFORMATION_BOUND.of("category")),
        ("mutual information bound/continuous codes", M.INFORMATION_BOUND.of("continuous")),
    ),
    "pix2pix": (
        ("L1", M.L1),
        ("PSNR", M.PSNR),
        ("SSIM", M.SSIM),
        ("diversity", M.DIVERSITY),
        ("Fréchet distance", M.FRECHET_DISTANCE),
    ),
    "cyclegan": (
        (r"cycle error/([xy])", M.CYCLE_ERROR.of(r"\1")),
        (r"cycle error/([xy])/noise (.+)", M.CYCLE_ERROR.of(r"\1", r"\2")),
        (r"error against the true pair/([xy])", M.PAIR_ERROR.of(r"\1")),
        (r"error against the true pair/([xy])/(identity|pix2pix)", M.PAIR_ERROR.of(r"\1", r"\2")),
        (r"Fréchet distance/([xy])", M.FRECHET_DISTANCE.of(r"\1")),
    ),
    "features": (
        ("accuracy", M.ACCURACY),
        (r"explained/(.+)", M.EXPLAINED_VARIANCE.of(r"\1")),
    ),
    "lab": (
        (r"(\w+): modes", M.MODES.of(r"\1")),
        (r"(\w+): high quality", M.HIGH_QUALITY.of(r"\1")),
        (r"(\w+): seconds", M.SECONDS.of(r"\1")),
        (r"(\w+): KL", M.MODE_KL.of(r"\1")),
        (r"(\w+), what D lets pass: modes", M.MODES.of(r"\1", REJECTION)),
        (r"(\w+), what D lets pass: high quality", M.HIGH_QUALITY.of(r"\1", REJECTION)),
        (r"(\w+), what D lets pass: seconds", M.SECONDS.of(r"\1", REJECTION)),
    ),
}
"""Names that schema 1 gave the metrics of each family, and today's keys. "NAME/MODEL" was of another model."""


# ---------------------------------------------------------------------------------------------------------------------
# Facts, which schema 1 kept among the options of the training
# ---------------------------------------------------------------------------------------------------------------------


def _autoencoder(raw: Raw) -> Raw:
    roles = [role.removeprefix("encoder_") for role in raw["graphs"] if role.startswith("encoder_")]
    return {"kind": raw["config"]["kind"], "code_sizes": sorted(map(int, roles))}


def _vae(raw: Raw) -> Raw:
    config = raw["config"]
    outputs = [port["name"] for port in raw["graphs"]["decoder"]["outputs"]]
    likelihood = "bernoulli" if "logits" in outputs else "normal"
    return {
        "likelihood": likelihood,
        "beta": float(config.get("beta", 1)),
        "binarized": bool(config.get("binarize", False)),
        "sigma": config.get("sigma") if likelihood == "normal" else None,
        "attributes": [
            port["name"] for port in raw["graphs"].get("attributes", {"outputs": []})["outputs"]
        ],
    }


def _gan(raw: Raw) -> Raw:
    ours = "gamma" in raw["config"]  # only today's recipe had R1
    return {
        "recipe": "logistic, R1" if ours else "DCGAN",
        "pack": int(raw["config"].get("pack", 1)),
    }


def _infogan(raw: Raw) -> Raw:
    width = {port["name"]: port["shape"][1] for port in raw["graphs"]["generator"]["inputs"]}
    return {"categories": width["category"], "continuous": width["continuous"]}


def _pix2pix(raw: Raw) -> Raw:
    paper = "pix2pix_paper" in raw["training"]["command"]
    return {
        "recipe": "paper" if paper else "fast",
        "labels": raw.get("labels", []),
        "channels": raw.get("channels", []),
    }


def _cyclegan(raw: Raw) -> Raw:
    config = raw["config"]
    return {
        "cycle": float(config.get("cycle", 10)),
        "identity": float(config.get("identity", 0.5)),
        "translator": "gan" if config.get("gans") else "resnet",
    }


def _features(raw: Raw) -> Raw:
    metrics = raw["metrics"]
    if any(name.startswith("explained/") for name in metrics):
        return {"task": "factors"}
    turned = "turned" in metrics.get("accuracy", {}).get("unit", "")
    return {"task": "rotations" if turned else "classes"}


def _lab(raw: Raw) -> Raw:
    config = raw["config"]
    return {
        "loss": config["loss"].replace(" ", "-"),
        "paper": config["paper"],
        "batch": config["batch"],
        "hyper": {name: float(value) for name, value in config["hyper"].items()},
        "initial": [[int(count), float(bound)] for count, bound in config["initial"]],
        "penalty": config.get("penalty"),
        "pack": config.get("pack", 1),
        "unroll": config.get("unroll", 0),
        "decay": float(config.get("fall", 1)),
        "width": config.get("width", 64),
        "depth": config.get("depth", 3),
    }


FACTS: dict[str, Callable[[Raw], Raw]] = {
    "autoencoder": _autoencoder,
    "vae": _vae,
    "gan": _gan,
    "infogan": _infogan,
    "pix2pix": _pix2pix,
    "cyclegan": _cyclegan,
    "features": _features,
    "lab": _lab,
}


# ---------------------------------------------------------------------------------------------------------------------
# Cards
# ---------------------------------------------------------------------------------------------------------------------


def from_schema_1(raw: Raw, where: str) -> Card:
    """Return the card that the content of a schema 1 file describes.

    Raises:
        CardError: it is damaged, of an unknown family, or has a metric that this version does not know.
    """
    try:
        family, config = raw["family"], raw["config"]
        if not isinstance(family, str) or family not in FACTS:
            raise CardError(f"{where} is of an unknown family, {str(family)[:40]!r}.")
        of_data = family != "lab"
        dataset = raw["dataset"] | {
            "recipe": config.get("data", "") if of_data else "",
            "size": config.get("size"),
            "channels": config.get("channels"),
        }
        training = raw["training"] | {
            "seed": config.get("seed"),
            "batch": config.get("batch", 0) if of_data and raw["training"]["images"] else 0,
        }
        metrics = {
            _key(family, name, where): metric
            | {"unit": _words(metric["unit"]), "note": _words(metric["note"])}
            for name, metric in raw["metrics"].items()
        }
        facts = FACTS[family](raw)
    except KeyError as error:
        raise CardError(f"{where} cannot be converted: {error} is missing.") from error
    except (TypeError, AttributeError, IndexError) as error:
        raise CardError(f"{where} cannot be converted: a part has the wrong type.") from error
    except (ValueError, OverflowError) as error:
        raise CardError(f"{where} cannot be converted: {str(error)[:120]}.") from error
    kept = {name: part for name, part in raw.items() if name not in ("labels", "channels")}
    made = {"dataset": dataset, "training": training, "metrics": metrics, "facts": facts}
    return checked(kept | made | {"schema": SCHEMA}, where)


def _key(family: str, name: str, where: str) -> str:
    """Return today's key of a metric, by the pattern that fits its name, or the part before another model's name."""
    for pattern, key in METRICS[family]:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, key, name)
    known, _, model = name.rpartition("/")
    for pattern, key in METRICS[family]:
        if re.fullmatch(pattern, known):
            return re.sub(pattern, key, known) + f"@{model}"
    raise CardError(f"{where} has a metric that this version does not know: {name[:60]!r}.")


def _words(text: str) -> str:
    return text.replace("pictures", "images").replace("picture", "image")


def read(path: Path, where: str) -> Card:
    """Read a `card.json` of this schema or of an older one, as `cards.read` reads one of this schema.

    Raises:
        CardError: as `cards.read`, or it cannot be converted.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return cards.read(path, where)  # which says what is wrong with it
    old = isinstance(raw, dict) and raw.get("schema") == 1
    return from_schema_1(raw, where) if old else cards.read(path, where)


def migrate(folder: Path) -> bool:
    """Convert the card in `folder`, and its README with it; False if it already has the current schema.

    Raises:
        CardError: there is no card, or it cannot be converted; nothing is then written.
    """
    path = folder / "card.json"
    card = read(path, f"{folder.name}/{path.name}")
    if path.read_bytes() == card.content():
        return False
    model_readme.save(card, folder)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Convert each folder, say what was done, and go on where one cannot be converted."""
    parser = argparse.ArgumentParser(
        prog="python -m gen_models.migrate",
        description="Convert cards of an older schema to the one that this version reads.",
    )
    parser.add_argument(
        "folders", nargs="+", type=Path, help="folders with a card.json, such as exported/*"
    )
    status = 0
    with ending_in_a_sentence():
        for folder in parser.parse_args(arguments).folders:
            try:
                done = migrate(folder)
            except (CardError, OSError) as error:
                if (sentence := user_facing(error)) is None:
                    raise
                print(f"error: {sentence}", file=sys.stderr)
                status = 2
            else:
                print(f"{folder}: {'converted' if done else 'already has the current schema'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
