"""`python -m training.data NAME`: build a data set, check its hash and print its facts."""

from typing import Annotated

import tyro

from gen_models.errors import ending_in_a_sentence
from training.data import RECIPES, Images, Info, load
from training.data.pairs import PAIRED, UNPAIRED, Pairs, load_pairs, load_unpaired
from training.data.texts import TEXTS, load_texts
from training.data.word_counts import Texts
from training.engine import cli


def main(
    name: Annotated[
        tyro.conf.Positional[str],
        tyro.conf.arg(
            metavar="NAME",
            help=f"{', '.join((*RECIPES, *PAIRED, *UNPAIRED, *TEXTS))}; for your own: folder:PATH, "
            "pairs:PATH, unpaired:PATH_A,PATH_B, texts:PATH",
            help_behavior_hint="",
        ),
    ],
    size: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="INT",
            help="side of the square images in pixels",
            help_behavior_hint="(default: the set's own; folder: 64)",
        ),
    ] = None,
    channels: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="{1,3}",
            help="1 for grey, 3 for colour",
            help_behavior_hint="(default: the set's own; folder: 3)",
        ),
    ] = None,
) -> None:
    """Build a data set in $LATENT_DATA (default: data), check its hash and print its facts."""
    with ending_in_a_sentence():
        if name in TEXTS or name.startswith("texts:"):
            _tell_texts(load_texts(name, "train"), load_texts(name, "test"))
        elif channels is None and (name in PAIRED or name.startswith("pairs:")):
            _tell(load_pairs(name, "train", size), load_pairs(name, "test", size))
        elif channels is None and (name in UNPAIRED or name.startswith("unpaired:")):
            sides = zip(
                load_unpaired(name, "train", size), load_unpaired(name, "test", size), strict=True
            )
            for train, test in sides:
                _tell(train, test)
        else:
            train, test = (
                load(name, split, size=size, channels=channels) for split in ("train", "test")
            )
            _tell(train, test)


def _tell(train: Images | Pairs, test: Images | Pairs) -> None:
    info = train.info
    c, h, w = test.x.shape[1:]
    _tell_origin(info)
    colour = "grey" if c == 1 else "colour"
    kind = "pairs " if isinstance(train, Pairs) else "images"
    print(f"  {kind}   {len(train):,} train, {len(test):,} test, {h} x {w}, {colour}")
    if isinstance(train, Pairs):
        drawn = [label.name for label in train.labels] or train.channels
        print(f"  {'labels' if train.labels else 'drawn '}   {', '.join(drawn)}")
    _tell_rest(info)


def _tell_texts(train: Texts, test: Texts) -> None:
    _tell_origin(train.info)
    print(
        f"  texts    {len(train):,} train, {len(test):,} test, as counts of {len(train.words):,} words"
    )
    _tell_rest(train.info)


def _tell_origin(info: Info) -> None:
    print(info.title)
    print(f"  licence  {info.licence}")
    print(f"  source   {info.source}")


def _tell_rest(info: Info) -> None:
    if info.classes:
        print(f"  classes  {', '.join(info.classes)}")
    print(f"  sha256   {info.sha256}")
    if info.note:
        print(f"  note     {info.note}")


if __name__ == "__main__":
    cli.write_anything()
    tyro.cli(main, prog="python -m training.data")
