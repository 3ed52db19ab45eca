"""Use an exported model from the command line, without PyTorch: files in, files out.

    python -m gen_models.apply gan-fashion sample --count 20
    python -m gen_models.apply gan-fashion-classes sample --class Bag
    python -m gen_models.apply vae-heads reconstruct FOLDER
    python -m gen_models.apply vae-heads morph A.jpg B.jpg --count 9
    python -m gen_models.apply cyclegan-earth translate FOLDER --graph G_yx

Images are turned upright, cropped to their central square and resized to what the model takes. What comes out is
written as PNGs into `--to`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gen_models import cards
from gen_models.cards import Port
from gen_models.errors import UserError, ending_in_a_sentence
from gen_models.families import CLASS, AutoencoderFacts, InfoGANFacts, Pix2PixFacts, ProGANFacts
from gen_models.image_files import on_white, upright
from gen_models.runtime import Array, Model, from_uint8, to_uint8

BATCH = 16
DROPOUT = 0.5
"""The share that pix2pix drops by z, as in its training."""
Coder = tuple[Callable[[Array], Array], Callable[[Array], Array]]
"""Images to codes, and codes to images, (n, c, h, w) in [0, 1] and (n, k)."""


def sample(
    model: Model, count: int, rng: np.random.Generator, size: int | None, label: str = ""
) -> Iterator[Array]:
    """Draw images from a model's prior, in batches (b, c, h, w); of this class, or of each in turn if there are any."""
    family, classes = model.card.family, model.card.classes
    y = model.one_hot(label, count) if classes else np.empty((count, 0))
    for start in range(0, count, BATCH):
        b = min(BATCH, count - start)
        told = {CLASS: y[start : start + b]} if classes else {}
        if family == "gan":
            z = _normal(rng, b, model.input("generator", "z"))
            yield model("generator", z=z, **told)["x"]
        elif family == "progan":
            role = f"generator_{model.card.facts_as(ProGANFacts).sides[-1]}"
            yield model(role, z=_normal(rng, b, model.input(role, "z")))["x"]
        elif family == "infogan":
            facts = model.card.facts_as(InfoGANFacts)
            category = np.eye(facts.categories)[rng.integers(0, facts.categories, b)]
            continuous = rng.uniform(-1, 1, (b, facts.continuous))
            z = _normal(rng, b, model.input("generator", "z"))
            yield model("generator", z=z, category=category, continuous=continuous)["x"]
        elif family == "vae":
            z = _normal(rng, b, model.input("decoder", "z"))
            yield model("decoder", z=z, **told)["x"]
        elif family == "autoencoder":
            k = _code_size(model, size)
            eps = _normal(rng, b, model.input(f"gaussian_{k}", "eps"))
            yield model(f"decoder_{k}", z=model(f"gaussian_{k}", eps=eps)["z"])["x"]
        else:
            raise UserError(f"{model.card.name} draws no samples: it is of the family {family}.")


def _normal(rng: np.random.Generator, b: int, port: Port) -> Array:
    return rng.standard_normal((b, int(port.shape[1])), dtype=np.float32)


def _code_size(model: Model, size: int | None) -> int:
    sizes = model.card.facts_as(AutoencoderFacts).code_sizes
    if size is not None and size not in sizes:
        raise UserError(f"{model.card.name} has no code of {size} numbers: choose one of {sizes}.")
    return size or max(sizes)


def coder(model: Model, size: int | None) -> tuple[Coder, Port]:
    """Return encoder and decoder of a model that has both, and the port of its images."""
    family = model.card.family
    if family == "vae":
        encode, decode, code = "encoder", "decoder", "mu"
    elif family == "autoencoder":
        k = _code_size(model, size)
        encode, decode, code = f"encoder_{k}", f"decoder_{k}", "z"
    else:
        raise UserError(f"{model.card.name} has no encoder: it is of the family {family}.")
    both = (lambda x: model(encode, x=x)[code]), (lambda z: model(decode, z=z)["x"])
    return both, model.input(encode, "x")


def translator(
    model: Model, graph: str, rng: np.random.Generator
) -> tuple[Callable[[Array], Array], Port]:
    """Return what translates images, and the port of those that it takes."""
    if model.card.family == "cyclegan":
        if graph not in model.card.graphs:
            raise UserError(f"{model.card.name} has no graph {graph!r}: choose G_xy or G_yx.")
        into, out = graph[-2], graph[-1]
        return (lambda x: model(graph, **{into: x})[out]), model.input(graph, into)
    if model.card.family == "pix2pix":
        noise = int(model.input("generator", "u").shape[1])

        def draw(c: Array) -> Array:
            u = rng.random((len(c), noise), dtype=np.float32)
            return model("generator", c=c, u=u, p=np.array(DROPOUT, np.float32))["x"]

        return draw, model.input("generator", "c")
    raise UserError(
        f"{model.card.name} translates nothing: it is of the family {model.card.family}."
    )


def read(model: Model, path: Path, port: Port) -> Array:
    """Return the central square of an image file as the port takes it, (c, h, w) in [0, 1].

    Raises:
        UserError: the file is no image, or the model takes no images.
    """
    channels, side = int(port.shape[1]), int(port.shape[2])
    facts = model.card.facts
    labels = facts.labels if isinstance(facts, Pix2PixFacts) else ()
    if channels not in (1, 3) and not labels:
        raise UserError(f"{model.card.name} takes {channels} channels, which no image file has.")
    try:
        with Image.open(path) as file:
            image = on_white(upright(file)).convert("L" if channels == 1 else "RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path} cannot be read as an image.") from error
    way = Image.Resampling.NEAREST if labels else Image.Resampling.LANCZOS
    pixels = np.asarray(ImageOps.fit(image, (side, side), way))
    if labels:
        palette = np.array([label.colour for label in labels], np.float32)
        nearest = np.square(pixels.astype(np.float32)[..., None, :] - palette).sum(-1).argmin(-1)
        return np.eye(len(labels), dtype=np.float32)[nearest].transpose(2, 0, 1)
    return from_uint8(pixels.reshape(1, side, side, channels))[0]


def image_files(sources: Sequence[Path]) -> list[Path]:
    """Return the image files among files and in folders, in order of their names."""
    Image.init()
    known = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            inside = sorted(source.iterdir())
            found += [f for f in inside if f.suffix.lower() in known and f.name[0] != "."]
        elif source.is_file():
            found.append(source)
        else:
            raise UserError(f"There is no file or folder {source}.")
    if not found:
        raise UserError(f"There are no images in {', '.join(map(str, sources))}.")
    return found


def classed(model: Model, label: str, what: str) -> Model:
    """Return the model with the class that it is told.

    Raises:
        UserError: there is no such class, or images are given without theirs.
    """
    names = model.card.classes
    if names and not label and what != "sample":
        raise UserError(
            f"{model.card.name} is told the class of the images: give --class, one of {', '.join(names)}."
        )
    return model.told(label)


def progress(done: int, total: int) -> None:
    """Draw a bar, on a terminal."""
    if sys.stderr.isatty():
        filled = 30 * done // total
        end = "\n" if done == total else ""
        print(f"\r[{'#' * filled:30}] {done}/{total}", end=end, file=sys.stderr, flush=True)


def write(images: Array, names: Sequence[str], to: Path) -> None:
    """Write images (n, c, h, w) in [0, 1] as PNGs."""
    for pixels, name in zip(to_uint8(np.ascontiguousarray(images)), names, strict=True):
        Image.fromarray(pixels.squeeze()).save(to / f"{name}.png")


def apply(options: argparse.Namespace) -> int:
    """Do what the command line asks for, and return how many images were written."""
    folder = options.model if options.model.is_dir() else options.exported / options.model
    model = Model(cards.load(folder / "card.json"), folder)
    model = classed(model, options.label, options.what)
    rng = np.random.default_rng(options.seed)
    to = options.to or Path("applied") / f"{model.card.name}-{options.what}"
    if options.what == "sample":
        count = options.count or 16
        batches = sample(model, count, rng, options.code, options.label)
        names = [f"{i:05}" for i in range(count)]
    elif options.what == "morph":
        (encode, decode), port = coder(model, options.code)
        if len(options.images) != 2:
            raise UserError("A morph needs two images.")
        a, b = encode(np.stack([read(model, path, port) for path in options.images]))
        shares = np.linspace(0, 1, options.count or 9, dtype=np.float32)
        path = np.stack([(1 - t) * a + t * b for t in shares])
        batches = (decode(path[i : i + BATCH]) for i in range(0, len(path), BATCH))
        names = [f"{i:05}" for i in range(len(path))]
    else:
        files = image_files(options.images)
        if options.what == "reconstruct":
            (encode, decode), port = coder(model, options.code)
            made = lambda x: decode(encode(x))  # noqa: E731
        else:
            made, port = translator(model, options.graph, rng)
        parts = [files[i : i + BATCH] for i in range(0, len(files), BATCH)]
        batches = (made(np.stack([read(model, f, port) for f in part])) for part in parts)
        names = [f"{i:05}-{file.stem}" for i, file in enumerate(files)]
    done = 0
    for images in batches:
        to.mkdir(parents=True, exist_ok=True)
        write(images, names[done : done + len(images)], to)
        done += len(images)
        progress(done, len(names))
    print(f"{done} images in {to}")
    return done


def main(arguments: list[str] | None = None) -> None:
    """Run the command. End with one sentence if something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m gen_models.apply", description="Use an exported model: files in, files out."
    )
    parser.add_argument("model", type=Path, help="name in exported/, or a model's folder")
    parser.add_argument("what", choices=("sample", "reconstruct", "morph", "translate"))
    parser.add_argument("images", type=Path, nargs="*", help="files, or folders of images")
    parser.add_argument("--count", type=_above_zero, help="images of a sample (16) or a morph (9)")
    parser.add_argument("--to", type=Path, help="folder to write to (applied/NAME-WHAT)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    parser.add_argument("--code", type=int, help="size of the code, of an autoencoder with several")
    parser.add_argument(
        "--class",
        dest="label",
        default="",
        help="class of the images, of a model that is told one; samples are of each in turn without it",
    )
    parser.add_argument("--graph", default="G_xy", help="G_xy or G_yx, of a CycleGAN")
    parser.add_argument("--exported", type=Path, default=Path("exported"))
    options = parser.parse_args(arguments)
    with ending_in_a_sentence():
        apply(options)


def _above_zero(text: str) -> int:
    if (n := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return n


if __name__ == "__main__":
    main()
