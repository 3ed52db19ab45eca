"""Toy models for the tests: ONNX graphs built by hand, without torch, whose answers are known on paper."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from PIL import Image

from gen_models import cards
from gen_models.cards import Port
from gen_models.runtime import Model, to_uint8


def graph(
    nodes: Iterable[NodeProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...]],
    constants: dict[str, np.ndarray],
) -> bytes:
    """An ONNX file. Shapes are given without the batch, which is the first axis of every input and output."""

    def ports(shapes):
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in shapes.items()
        ]

    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    made = helper.make_graph(list(nodes), "toy", ports(inputs), ports(outputs), tensors)
    opset = helper.make_opsetid("", 20)
    return helper.make_model(made, opset_imports=[opset], ir_version=10).SerializeToString()


def autoencoder(
    root: Path,
    name: str,
    kind: str = "conv",
    codes: tuple[int, ...] = (2, 4),
    shape: tuple[int, int, int] = (1, 28, 28),
    data: str = "digits",
    examples: int = 12,
    errors: dict[int, float] | None = None,
    angles: dict[int, float] | None = None,
) -> Model:
    """An autoencoder whose code is the first pixels of the picture, written to `root/name`.

    E takes the first K pixels. D puts them back and leaves the others black; as "conv" it squares them first. So
    x̂_i = x_i, or x_i², for i < K, and 0 elsewhere. The fitted Gaussian is z = 1 + 2 ε: variance 4 in each dimension.

    Args:
        root: holds the models.
        name: of the model.
        kind: "conv", "linear" or "pca".
        codes: each K.
        shape: (c, h, w).
        data: name of the data set.
        examples: how many pictures examples.png holds; 0 writes none.
        errors: the squared error of each K, for the card.
        angles: the largest principal angle of each K, for the card.
    """
    folder = root / name
    folder.mkdir(parents=True)
    x, pixels = Port("x", ("batch", *shape), range=(0, 1)), int(np.prod(shape))
    graphs = {}
    for k in codes:
        z, first = Port("z", ("batch", k)), np.eye(pixels, k, dtype=np.float32)
        flat, back = np.array([-1, pixels]), np.array([-1, *shape])
        encoder = [
            helper.make_node("Reshape", ["x", "flat"], ["rows"]),
            helper.make_node("MatMul", ["rows", "first"], ["z"]),
        ]
        bent = [helper.make_node("Mul", ["z", "z"], ["bent"])] if kind == "conv" else []
        decoder = [
            *bent,
            helper.make_node("MatMul", ["bent" if bent else "z", "rest"], ["rows"]),
            helper.make_node("Reshape", ["rows", "back"], ["x"]),
        ]
        gaussian = [
            helper.make_node("Mul", ["eps", "two"], ["wide"]),
            helper.make_node("Add", ["wide", "one"], ["z"]),
        ]
        one = np.ones(1, np.float32)
        shapes = {"x": shape, "z": (k,), "eps": (k,)}
        for role, source, target, nodes, constants in (
            ("encoder", x, z, encoder, {"flat": flat, "first": first}),
            ("decoder", z, x, decoder, {"rest": first.T.copy(), "back": back}),
            ("gaussian", Port("eps", ("batch", k)), z, gaussian, {"one": one, "two": 2 * one}),
        ):
            content = graph(
                nodes,
                {source.name: shapes[source.name]},
                {target.name: shapes[target.name]},
                constants,
            )
            file = f"{role}_{k}.onnx"
            (folder / file).write_bytes(content)
            graphs[f"{role}_{k}"] = cards.Graph(
                file, cards.sha256(content), len(content), (source,), (target,), 20, 0, 0.0
            )
    if examples:
        pictures = np.random.default_rng(0).random((examples, *shape))
        strip = np.concatenate(list(to_uint8(pictures)), axis=1)
        Image.fromarray(strip.squeeze()).save(folder / "examples.png")

    def metric(value: float, split: str) -> cards.Metric:
        return cards.Metric(value, "", 100, split, (0,), "python -m measure toy")

    metrics = {f"squared error/{k}": metric(v, "test") for k, v in (errors or {}).items()}
    metrics |= {
        f"largest principal angle to PCA/{k}": metric(v, "train") for k, v in (angles or {}).items()
    }
    card = cards.Card(
        name=name,
        family="autoencoder",
        title=f"Toy {kind}",
        lecture="§1.1",
        summary="It remembers the first pixels.",
        limitations="It forgets the others.",
        dataset=cards.Dataset(data, f"Toy {data}", "public domain", "nowhere", f"{data:0>64}"),
        training=cards.Training("python -m make toy", 0.0, "CPU", 0, {"torch": "0"}, "abc"),
        config={"kind": kind, "data": data, "seed": 0},
        graphs=graphs,
        metrics=metrics,
    )
    card.save(folder)
    return Model(card, folder)


def heads(
    root: Path,
    name: str = "vae-toy-heads",
    k: int = 16,
    side: int = 16,
    attributes: tuple[str, ...] = ("smile", "age", "hair_length"),
    examples: int = 12,
    measured: bool = True,
) -> Model:
    """A VAE of coloured pictures with directions for attributes, linear throughout, written to `root/name`.

    The picture is ½ + Σ_j z_j u_j with u_j orthogonal patterns of 4 x 4 fields, cut to [0, 1]; the encoder takes the
    picture's components along them, so a picture that is made of them comes back, and its logvar is −2. For z ~ N(0, I)
    a pixel has a standard deviation of 0.1.
    Attribute i is read as z_i, plus half of z_0 for the second one; its direction is the axis i. So moving the first
    moves the second by half as much, and the others are independent. KL of dimension j is (k − j) / 10, the last 0.

    Args:
        root: holds the models.
        name: of the model.
        k: size of z, at most 48.
        side: of a picture, a multiple of 4; it has three colours.
        attributes: their names, at most k.
        examples: how many pictures examples.png holds; 0 writes none.
        measured: whether the card has numbers.
    """
    folder = root / name
    folder.mkdir(parents=True)
    shape, n, d = (3, side, side), len(attributes), 3 * side * side
    fields, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(48, k)))
    wide = fields.T.reshape(k, 3, 4, 4).repeat(side // 4, 2).repeat(side // 4, 3)
    length = 0.1 * (d / k) ** 0.5
    patterns = (wide.reshape(k, d) * length / np.linalg.norm(wide[0])).astype(np.float32)
    per_length = np.float32([1 / length**2])
    reading = np.eye(k, n, dtype=np.float32)
    reading[0, 1] = 0.5
    half, flat = np.float32([0.5]), np.array([-1, d])
    port = {"x": Port("x", ("batch", *shape), range=(0, 1)), "z": Port("z", ("batch", k))}
    port |= {part: Port(part, ("batch", k)) for part in ("mu", "logvar", "dz")}
    port |= {attribute: Port(attribute, ("batch", 1)) for attribute in attributes}
    port["variance"] = Port("logvar", ("batch", 1))
    node = helper.make_node
    encoder = [
        node("Reshape", ["x", "flat"], ["rows"]),
        node("Sub", ["rows", "half"], ["middle"]),
        node("MatMul", ["middle", "patterns"], ["small"]),
        node("Mul", ["small", "per_length"], ["mu"]),
        node("Mul", ["mu", "zero"], ["none"]),
        node("Add", ["none", "least"], ["logvar"]),
    ]
    decoder = [
        node("MatMul", ["z", "patterns"], ["middle"]),
        node("Add", ["middle", "half"], ["rows"]),
        node("Clip", ["rows", "low", "high"], ["cut"]),
        node("Reshape", ["cut", "back"], ["x"]),
        node("MatMul", ["z", "nothing"], ["logvar"]),
    ]
    directions = [
        node("Concat", list(attributes), ["t"], axis=1),
        node("MatMul", ["t", "axes"], ["dz"]),
    ]
    readings = [
        node("MatMul", ["z", "reading"], ["all"]),
        node("Split", ["all"], list(attributes), axis=1, num_outputs=n),
    ]
    constants = {
        "encoder": {
            "flat": flat, "half": half, "patterns": patterns.T.copy(), "per_length": per_length,
            "zero": np.float32([0]), "least": np.float32([-2]),
        },
        "decoder": {
            "patterns": patterns, "half": half, "low": np.float32(0),
            "high": np.float32(1), "back": np.array([-1, *shape]),
            "nothing": np.zeros((k, 1), np.float32),
        },
        "directions": {"axes": np.eye(n, k, dtype=np.float32)},
        "attributes": {"reading": reading},
    }  # fmt: skip
    parts = {
        "encoder": (encoder, ["x"], ["mu", "logvar"]),
        "decoder": (decoder, ["z"], ["x", "variance"]),
        "directions": (directions, attributes, ["dz"]),
        "attributes": (readings, ["z"], attributes),
    }
    graphs = {}
    for role, (nodes, sources, targets) in parts.items():
        inputs, outputs = [tuple(port[p] for p in names) for names in (sources, targets)]
        content = graph(
            nodes,
            {p.name: p.shape[1:] for p in inputs},
            {p.name: p.shape[1:] for p in outputs},
            constants[role],
        )
        (folder / f"{role}.onnx").write_bytes(content)
        graphs[role] = cards.Graph(
            f"{role}.onnx", cards.sha256(content), len(content), inputs, outputs, 20, 0, 0.0
        )
    if examples:
        z = np.random.default_rng(4).normal(size=(examples, k))
        pictures = to_uint8((0.5 + z @ patterns).reshape(-1, *shape))
        Image.fromarray(np.concatenate(list(pictures), axis=1)).save(folder / "examples.png")

    def metric(value: float, unit: str) -> cards.Metric:
        return cards.Metric(value, unit, 100, "test", (0,), "python -m measure toy")

    numbers = {f"KL of dimension/{j}": (k - j) / 10 if j < k - 1 else 0.0 for j in range(k)}
    metrics = {key: metric(value, "nats") for key, value in numbers.items()}
    metrics |= {"squared error": metric(7.5, "per picture"), "KL": metric(13.5, "nats")}
    metrics |= {
        f"separation/{name}": metric(0.95 - i / 20, "") for i, name in enumerate(attributes)
    }
    card = cards.Card(
        name=name,
        family="vae",
        title="Toy heads",
        lecture="§2.6",
        summary="A linear VAE.",
        limitations="It is linear.",
        dataset=cards.Dataset("heads", "Toy heads", "public domain", "nowhere", "4" * 64),
        training=cards.Training("python -m training.vae", 0.0, "CPU", 0, {"torch": "0"}, "abc"),
        config={"data": "heads", "seed": 0},
        graphs=graphs,
        metrics=metrics if measured else {},
    )
    card.save(folder)
    return Model(card, folder)


def gan(
    root: Path,
    name: str,
    k: int = 4,
    shape: tuple[int, int, int] = (1, 8, 8),
    data: str = "fashion",
    moments: int = 5,
    measured: bool = True,
    **config: float,
) -> Model:
    """A generator x = sigmoid(z W) of fixed orthogonal patterns, written to `root/name`.

    Its film shows three z, at moment j as flat squares of the grey 50 j; steps 1, 10, 100, ... of 64 pictures.

    Args:
        root: holds the models.
        name: of the model.
        k: size of z.
        shape: (c, h, w).
        data: name of the data set.
        moments: columns of the film; 0 leaves it out.
        measured: whether the card has numbers.
        config: more of it; "gamma" marks today's recipe.
    """
    folder = root / name
    folder.mkdir(parents=True)
    pixels, (c, h, w) = int(np.prod(shape)), shape
    patterns = np.linalg.qr(np.random.default_rng(1).normal(size=(pixels, k)))[0].T
    content = graph(
        [
            helper.make_node("MatMul", ["z", "patterns"], ["rows"]),
            helper.make_node("Sigmoid", ["rows"], ["grey"]),
            helper.make_node("Reshape", ["grey", "back"], ["x"]),
        ],
        {"z": (k,)},
        {"x": shape},
        {"patterns": np.float32(4 * patterns), "back": np.array([-1, *shape])},
    )
    (folder / "generator.onnx").write_bytes(content)
    ports = (Port("z", ("batch", k)),), (Port("x", ("batch", *shape), range=(0, 1)),)
    made = cards.Graph(
        "generator.onnx", cards.sha256(content), len(content), *ports, 20, 0, 0.0
    )  # fmt: skip
    sheets = {}
    if moments:
        film = np.repeat(50 * np.arange(moments, dtype=np.uint8), w)[None, :, None]
        film = film.repeat(3 * h, 0).repeat(c, 2)
        image = Image.fromarray(film[..., 0] if c == 1 else film)
        image.save(folder / "film.webp", lossless=True)
        sheets["film"] = cards.Sheet("film.webp", 3, moments, tuple(10**j for j in range(moments)))

    def metric(value: float, unit: str = "", n: int = 100) -> cards.Metric:
        return cards.Metric(value, unit, n, "test", (0,), "python -m measure toy")

    metrics = {
        "Fréchet distance": metric(7.25),
        "precision": metric(0.75),
        "recall": metric(0.5),
        "Fréchet distance of real pictures": metric(0.125),
        "samples nearer than 1 % of test pictures": metric(1.5, "%", 2000),
    }
    card = cards.Card(
        name=name,
        family="gan",
        title="Toy GAN",
        lecture="§3.1",
        summary="It mixes patterns.",
        limitations="They mean nothing.",
        dataset=cards.Dataset(data, f"Toy {data}", "public domain", "nowhere", f"{data:0>64}"),
        training=cards.Training("python -m training.gan", 0.0, "CPU", 0, {"torch": "0"}, "abc"),
        config={"data": data, "seed": 0, "batch": 64, **config},
        graphs={"generator": made},
        sheets=sheets,
        metrics=metrics if measured else {},
    )
    card.save(folder)
    return Model(card, folder)


def features(
    root: Path, name: str, shape: tuple[int, int, int] = (1, 8, 8), data: str = "fashion"
) -> Model:
    """Features that are the first 16 pixels, and a bank of 4 x 5 flat squares: number i has the grey 12 i.

    So a flat picture of grey g is 4 |g − 12 i| / 255 from number i.
    """
    folder = root / name
    folder.mkdir(parents=True)
    c, h, w = shape
    greys = 12 * np.arange(20, dtype=np.uint8)
    bank = np.ones((20, *shape), np.uint8) * greys[:, None, None, None]
    sheet = np.concatenate([np.concatenate(list(row), 2) for row in bank.reshape(4, 5, *shape)], 1)
    image = Image.fromarray(sheet[0] if c == 1 else sheet.transpose(1, 2, 0))
    image.save(folder / "bank.webp", lossless=True)

    flat = bank.reshape(20, -1)[:, :16] / np.float32(255)
    parts = {
        "features": (
            [
                helper.make_node("Flatten", ["x"], ["flat"]),
                helper.make_node("MatMul", ["flat", "first"], ["h"]),
                helper.make_node("MatMul", ["h", "label"], ["y"]),
            ],
            {"first": np.eye(c * h * w, 16, dtype=np.float32), "label": np.ones((16, 2), "f4")},
            (Port("x", ("batch", *shape), range=(0, 1)),),
            (Port("h", ("batch", 16)), Port("y", ("batch", 2))),
        ),
        "neighbours": (
            [
                helper.make_node("Unsqueeze", ["h", "one"], ["each"]),
                helper.make_node("Sub", ["each", "bank"], ["apart"]),
                helper.make_node("ReduceL2", ["apart", "two"], ["far"], keepdims=0),
                helper.make_node("TopK", ["far", "six"], ["distance", "index"], largest=0),
            ],
            {
                "one": np.array([1]),
                "two": np.array([2]),
                "six": np.array([6]),
                "bank": flat.astype(np.float32)[None],
            },
            (Port("h", ("batch", 16)),),
            (Port("index", ("batch", 6), "int64"), Port("distance", ("batch", 6))),
        ),
    }
    graphs = {}
    for role, (nodes, constants, inputs, outputs) in parts.items():
        made = helper.make_graph(
            nodes,
            "toy",
            [_port(port) for port in inputs],
            [_port(port) for port in outputs],
            [numpy_helper.from_array(value, key) for key, value in constants.items()],
        )
        opset = helper.make_opsetid("", 20)
        model = helper.make_model(made, opset_imports=[opset], ir_version=10)
        content = model.SerializeToString()
        (folder / f"{role}.onnx").write_bytes(content)
        graphs[role] = cards.Graph(
            f"{role}.onnx", cards.sha256(content), len(content), inputs, outputs, 20, 0, 0.0
        )
    card = cards.Card(
        name=name,
        family="features",
        title="Toy features",
        lecture="§1.1",
        summary="The first pixels.",
        limitations="No others.",
        dataset=cards.Dataset(data, f"Toy {data}", "public domain", "nowhere", f"{data:0>64}"),
        training=cards.Training("python -m training.features", 0.0, "CPU", 0, {}, "abc"),
        config={"data": data, "seed": 0},
        graphs=graphs,
        sheets={"bank": cards.Sheet("bank.webp", 4, 5)},
    )
    card.save(folder)
    return Model(card, folder)


def _port(port: Port) -> ValueInfoProto:
    kind = TensorProto.INT64 if port.dtype == "int64" else TensorProto.FLOAT
    return helper.make_tensor_value_info(port.name, kind, port.shape)


def infogan(
    root: Path,
    name: str = "infogan-toy",
    k: int = 10,
    side: int = 28,
    certainty: float = 10.0,
    sigma: float | None = None,
    matched: bool = True,
    examples: int = 12,
) -> Model:
    """An InfoGAN with two continuous codes whose codes can be read off the picture, written to `root/name`.

    Pixel j of the first row is 1 for category j and 0 for the others; the next two are 1/2 + c/4; the other pixels are
    1/2 + z/8, z of 62 numbers written again and again, and all is cut to [0, 1]. Q takes the softmax of `certainty`
    times the first pixels, so that its probability of the true category is 1 / (1 + (k − 1) e^−certainty), and reads
    continuous codes exactly. Category j is matched with digit 3 j + 1 (mod k).

    Args:
        root: holds the models.
        name: of the model.
        k: categories.
        side: of a picture, which is grey.
        certainty: how sure Q is.
        sigma: the standard deviation that Q gives for continuous codes; None gives none.
        matched: whether the card has numbers.
        examples: how many pictures examples.png holds; 0 writes none.
    """
    folder = root / name
    folder.mkdir(parents=True)
    m, size, pixels = 2, 62, side * side
    picture = Port("x", ("batch", 1, side, side), range=(0, 1))
    codes = (
        Port("category", ("batch", k), range=(0, 1)),
        Port("continuous", ("batch", m), range=(-1, 1)),
    )
    writing = np.zeros((size + k + m, pixels), np.float32)
    rest = np.arange(k + m, pixels)
    writing[(rest - k - m) % size, rest] = 1 / 8
    writing[size:, : k + m] = np.diag([1] * k + [1 / 4] * m)
    bias = np.full(pixels, 0.5, np.float32)
    bias[:k] = 0
    node = helper.make_node
    generator = [
        node("Concat", ["z", "category", "continuous"], ["all"], axis=1),
        node("MatMul", ["all", "writing"], ["linear"]),
        node("Add", ["linear", "bias"], ["rows"]),
        node("Clip", ["rows", "low", "high"], ["cut"]),
        node("Reshape", ["cut", "back"], ["x"]),
    ]
    constants = {
        "writing": writing, "bias": bias, "back": np.array([-1, 1, side, side]),
        "low": np.float32(0), "high": np.float32(1),
    }  # fmt: skip
    graphs = {}

    def keep(role, nodes, inputs, outputs, constants):
        shapes = [{port.name: port.shape[1:] for port in ports} for ports in (inputs, outputs)]
        content = graph(nodes, *shapes, constants)
        (folder / f"{role}.onnx").write_bytes(content)
        graphs[role] = cards.Graph(
            f"{role}.onnx", cards.sha256(content), len(content), inputs, outputs, 20, 0, 0.0
        )

    keep("generator", generator, (Port("z", ("batch", size)), *codes), (picture,), constants)
    reading = np.zeros((pixels, k), np.float32)
    reading[range(k), range(k)] = certainty
    recogniser = [
        node("Flatten", ["x"], ["rows"]),
        node("MatMul", ["rows", "reading"], ["scores"]),
        node("Softmax", ["scores"], ["category"], axis=1),
        node("MatMul", ["rows", "four"], ["off"]),
        node("Sub", ["off", "two"], ["continuous"]),
    ]
    four = np.zeros((pixels, m), np.float32)
    four[range(k, k + m), range(m)] = 4
    constants = {"reading": reading, "four": four, "two": np.float32([2])}
    outputs = codes
    if sigma is not None:
        recogniser.append(node("Mul", ["continuous", "nothing"], ["zero"]))
        recogniser.append(node("Add", ["zero", "spread"], ["sigma"]))
        constants |= {"nothing": np.float32([0]), "spread": np.float32([sigma])}
        outputs = (*codes, Port("sigma", ("batch", m)))
    keep("recogniser", recogniser, (picture,), outputs, constants)
    if examples:
        pictures = np.random.default_rng(5).random((examples, 1, side, side)) / 2
        pictures[range(examples), 0, 0, np.arange(examples) % k] = 1
        strip = np.concatenate(list(to_uint8(pictures)), axis=1)
        Image.fromarray(strip[..., 0]).save(folder / "examples.png")

    def metric(value: float, unit: str = "") -> cards.Metric:
        return cards.Metric(value, unit, 100, "test", (0,), "python -m measure toy")

    metrics = {f"digit of category/{j}": metric((3 * j + 1) % k) for j in range(k)}
    metrics |= {f"code accuracy/seed {s}": metric(0.9 + s / 100) for s in range(5)}
    metrics |= {"code accuracy": metric(0.92)}
    bounds = {"category": 2.25, "continuous codes": 1.5}
    metrics |= {f"mutual information bound/{k}": metric(v, "nats") for k, v in bounds.items()}
    card = cards.Card(
        name=name,
        family="infogan",
        title="Toy InfoGAN",
        lecture="§3.8",
        summary="The codes are pixels.",
        limitations="They are nothing else.",
        dataset=cards.Dataset("digits", "Toy digits", "public domain", "nowhere", "5" * 64),
        training=cards.Training("python -m training.infogan", 0.0, "CPU", 0, {}, "abc"),
        config={"data": "digits", "seed": 0},
        graphs=graphs,
        metrics=metrics if matched else {},
    )
    card.save(folder)
    return Model(card, folder)


def cyclegan(
    root: Path,
    name: str = "cyclegan-toy",
    side: int = 32,
    hidden: float = 0.05,
    data: str = "earth",
    cycle: float = 10.0,
    examples: int = 6,
    measured: bool = True,
) -> Model:
    """A pair of translations that hide what they need for the way back, written to `root/name`.

    G_xy gives the colour b = (0.2, 0.5, 0.7) to every pixel and hides x in it: ŷ = b + `hidden` (x − ½). G_yx reads it
    again, x̂ = ½ + (ŷ − b) / `hidden`, cut to [0, 1], so that the round trip of an x ends where it began. Without a
    cycle (`cycle` = 0) G_yx gives grey ½ instead, whatever it gets.
    Example i of x is a disc of its own colour and place, of y a flat picture of grey (i + 1) / 8.

    Args:
        root: holds the models.
        name: of the model.
        side: of a picture, which has three colours.
        hidden: how much of x is left in ŷ.
        data: name of the data set; "earth" has true pairs.
        cycle: λ.
        examples: how many pictures each sheet holds; 0 leaves the sheets out.
        measured: whether the card has numbers.
    """
    folder = root / name
    folder.mkdir(parents=True)
    shape = (3, side, side)
    node = helper.make_node
    colour = np.float32([0.2, 0.5, 0.7]).reshape(1, 3, 1, 1)
    constants = {
        "half": np.float32(0.5), "colour": colour, "low": np.float32(0), "high": np.float32(1),
        "hidden": np.float32(hidden), "much": np.float32(1 / hidden if cycle else 0),
    }  # fmt: skip
    ways = {
        "G_xy": ("x", "y", ("half", "hidden", "colour")),
        "G_yx": ("y", "x", ("colour", "much", "half")),
    }
    graphs = {}
    for role, (s, t, (less, times, more)) in ways.items():
        nodes = [
            node("Sub", [s, less], ["centred"]),
            node("Mul", ["centred", times], ["scaled"]),
            node("Add", ["scaled", more], ["moved"]),
            node("Clip", ["moved", "low", "high"], [t]),
        ]
        content = graph(
            nodes, {s: shape}, {t: shape}, {k: constants[k] for k in (less, times, more, "low", "high")}
        )  # fmt: skip
        (folder / f"{role}.onnx").write_bytes(content)
        inputs, outputs = [(Port(d, ("batch", *shape), range=(0, 1)),) for d in (s, t)]
        graphs[role] = cards.Graph(
            f"{role}.onnx", cards.sha256(content), len(content), inputs, outputs, 20, 0, 0.0
        )
    sheets = {}
    if examples:
        i = np.arange(examples)[:, None, None]
        down, across = np.mgrid[:side, :side]
        disc = (across - side * (i + 2) / (examples + 3)) ** 2 + (down - side / 2) ** 2 < (
            side / 4
        ) ** 2
        colours = np.random.default_rng(7).random((2, examples, 1, 1, 3))
        pictures = {
            "x": np.where(disc[..., None], *colours),
            "y": np.ones((examples, side, side, 3)) * ((i + 1) / 8)[..., None],
        }
        for s, tiles in pictures.items():
            row = to_uint8(np.concatenate(list(tiles), 1).transpose(2, 0, 1)[None])[0]
            Image.fromarray(row).save(folder / f"{s}.webp", lossless=True)
            sheets[s] = cards.Sheet(f"{s}.webp", 1, examples)

    def metric(value: float) -> cards.Metric:
        return cards.Metric(value, "", 100, "test", (0,), "python -m measure toy")

    metrics = {}
    for s, t in ("xy", "yx"):
        metrics[f"cycle error/{s}"] = metric(0.03 if cycle else 0.25)
        metrics |= {
            f"cycle error/{s}/noise {sigma:g}": metric(0.03 + sigma)
            for sigma in (0.01, 0.02, 0.05, 0.1, 0.2)
        }
        metrics[f"Fréchet distance/{t}"] = metric(7.25)
        if data == "earth":
            key = f"error against the true pair/{t}"
            metrics |= {key: metric(0.125), f"{key}/identity": metric(0.375)}
            metrics[f"{key}/pix2pix"] = metric(0.0625)
    card = cards.Card(
        name=name,
        family="cyclegan",
        title="Toy CycleGAN",
        lecture="§4.2",
        summary="It hides x in y.",
        limitations="Noise takes it away.",
        dataset=cards.Dataset(data, f"Toy {data}", "public domain", "nowhere", "6" * 64),
        training=cards.Training("python -m training.cyclegan", 0.0, "CPU", 0, {}, "abc"),
        config={"data": data, "cycle": cycle, "size": side, "seed": 0},
        graphs=graphs,
        sheets=sheets,
        metrics=metrics if measured else {},
    )
    card.save(folder)
    return Model(card, folder)


def pix2pix(
    root: Path,
    name: str = "pix2pix-toy",
    kind: str = "labels",
    side: int = 32,
    k: int = 5,
    examples: int = 6,
    measured: bool = True,
) -> Model:
    """A translation that gives the drawing itself, dimmed by z: x̂ = (1 − p u₁) shown(c), written to `root/name`.

    With p = 0 it is the drawing as it is shown: a map of labels in the palette's colours, one channel as grey, two as
    red and green. Example i of a drawing is a bar of the second label (or ink) i + 2 pixels wide on the first; its
    true picture is a flat picture of grey (i + 1) / 8.

    Args:
        root: holds the models.
        name: of the model.
        kind: "labels" (three of them), "lines", "terrain" or "colours".
        side: of drawings and pictures.
        k: size of z.
        examples: how many pictures each sheet holds; 0 leaves the sheets out.
        measured: whether the card has numbers.
    """
    folder = root / name
    folder.mkdir(parents=True)
    palette = {"wall": (0, 0, 220), "door": (220, 80, 0), "window": (0, 220, 220)}
    labels = tuple(cards.Label(*item) for item in palette.items()) if kind == "labels" else ()
    channels = {
        "lines": ("line",), "terrain": ("height", "water"), "colours": ("red", "green", "blue")
    }.get(kind, ())  # fmt: skip
    n = len(labels) or len(channels)
    shown = np.eye(3, n)
    if kind == "labels":
        shown = np.array(list(palette.values())).T / 255
    elif kind == "lines":
        shown = np.ones((3, 1))
    node, info = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("Conv", ["c", "shown"], ["drawing"]),
        node("MatMul", ["u", "first"], ["u1"]),
        node("Mul", ["u1", "p"], ["lost"]),
        node("Sub", ["one", "lost"], ["kept"]),
        node("Reshape", ["kept", "back"], ["factor"]),
        node("Mul", ["drawing", "factor"], ["x"]),
    ]
    constants = {
        "shown": np.float32(shown)[:, :, None, None], "first": np.eye(k, 1, dtype=np.float32),
        "one": np.float32([1]), "back": np.array([-1, 1, 1, 1]),
    }  # fmt: skip
    made = helper.make_graph(
        nodes,
        "toy",
        [
            info("c", TensorProto.FLOAT, ["batch", n, side, side]),
            info("u", TensorProto.FLOAT, ["batch", k]),
            info("p", TensorProto.FLOAT, []),
        ],
        [info("x", TensorProto.FLOAT, ["batch", 3, side, side])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", 20)
    content = helper.make_model(made, opset_imports=[opset], ir_version=10).SerializeToString()
    (folder / "generator.onnx").write_bytes(content)
    inputs = (
        Port("c", ("batch", n, side, side), range=(0, 1)),
        Port("u", ("batch", k), range=(0, 1)),
        Port("p", (), range=(0, 0.9)),
    )
    outputs = (Port("x", ("batch", 3, side, side), range=(0, 1)),)
    sheets = {}
    if examples:
        back, bar = {
            "labels": list(palette.values())[:2], "lines": [(255,) * 3, (0,) * 3],
            "terrain": [(0, 255, 0), (180, 0, 0)], "colours": [(240, 240, 230), (30, 60, 200)],
        }[kind]  # fmt: skip
        drawings = np.empty((examples, side, side, 3), np.uint8)
        drawings[:] = back
        for i in range(examples):
            drawings[i, :, side // 4 : side // 4 + i + 2] = bar
        greys = (np.arange(examples) + 1) / 8
        targets = to_uint8(greys[:, None, None, None] * np.ones((examples, 3, side, side)))
        for role, tiles in (("inputs", drawings), ("targets", targets)):
            Image.fromarray(np.concatenate(list(tiles), 1)).save(
                folder / f"{role}.webp", lossless=True
            )
            sheets[role] = cards.Sheet(f"{role}.webp", 1, examples)

    def metric(value: float, unit: str = "") -> cards.Metric:
        return cards.Metric(value, unit, 100, "test", (0,), "python -m measure toy")

    metrics = {
        "L1": metric(0.0625), "PSNR": metric(21.5, "dB"), "SSIM": metric(0.875), "diversity": metric(0.0125),
        "L1/pix2pix-paper-toy": metric(0.0703125),
    }  # fmt: skip
    card = cards.Card(
        name=name,
        family="pix2pix",
        title="Toy pix2pix",
        lecture="§4.1",
        summary="It gives the drawing back.",
        limitations="It has seen nothing else.",
        dataset=cards.Dataset(kind, f"Toy {kind}", "public domain", "nowhere", "7" * 64),
        training=cards.Training("python -m training.pix2pix", 0.0, "CPU", 0, {}, "abc"),
        config={"data": kind, "size": side, "dropout": 0.5, "seed": 0},
        graphs={
            "generator": cards.Graph(
                "generator.onnx", cards.sha256(content), len(content), inputs, outputs, 20, 0, 0.0
            )
        },
        sheets=sheets,
        labels=labels,
        channels=channels,
        metrics=metrics if measured else {},
    )
    card.save(folder)
    return Model(card, folder)
