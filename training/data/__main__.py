"""`python -m training.data NAME`: build a data set, check its hash and print its facts."""

import sys
from typing import Annotated

import tyro

from training.data import RECIPES, DataError, load


def main(
    name: Annotated[
        tyro.conf.Positional[str],
        tyro.conf.arg(
            metavar="NAME",
            help=f"{', '.join(RECIPES)}, or folder:PATH for any folder of images",
            help_behavior_hint="",
        ),
    ],
    size: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="INT",
            help="side of the square pictures in pixels",
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
    try:
        train, test = (
            load(name, split, size=size, channels=channels) for split in ("train", "test")
        )
    except DataError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    info = train.info
    _, c, h, w = train.x.shape
    print(info.title)
    print(f"  licence  {info.licence}")
    print(f"  source   {info.source}")
    colour = "grey" if c == 1 else "colour"
    print(f"  images   {len(train):,} train, {len(test):,} test, {h} x {w}, {colour}")
    if info.classes:
        print(f"  classes  {', '.join(info.classes)}")
    print(f"  sha256   {info.sha256}")
    if info.note:
        print(f"  note     {info.note}")


if __name__ == "__main__":
    tyro.cli(main, prog="python -m training.data")
