"""What each family of models promises: its graphs and their ports, its facts, its metrics. It imports nothing of ours.

A card of a family holds `facts` of the type given here, at least the graphs that these facts promise, and no metrics
but those listed. `training/` writes them, the app reads them; both by the names in this file, so that neither can
drift. To add a family, write its facts, its entry in FAMILIES, and one in `training.tools.registry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, NamedTuple

# ---------------------------------------------------------------------------------------------------------------------
# Graphs and metrics
# ---------------------------------------------------------------------------------------------------------------------


class Strict:
    """Marks a type of a card: when one is read, a name that the type does not have is a mistake."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (Pydantic's name for it)


class Ports(NamedTuple):
    """Names the inputs and outputs that a graph has at least."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


Graphs = dict[str, Ports]
"""By role: "encoder", "decoder", "generator", ..."""


class MetricId(StrEnum):
    """Names a number in a card. One that is taken several times has a variant after it: `squared_error/10`."""

    ACCURACY = "accuracy"
    ACTIVE_DIMENSIONS = "active_dimensions"
    ATTRIBUTE_AUROC = "attribute_auroc"
    CLASS_ACCURACY = "class_accuracy"
    CLASS_OF_CATEGORY = "class_of_category"
    CODE_ACCURACY = "code_accuracy"
    CROSS_ENTROPY = "cross_entropy"
    CYCLE_ERROR = "cycle_error"
    DIMENSION_KL = "dimension_kl"
    DIVERSITY = "diversity"
    DRAWING_DISTANCE = "drawing_distance"
    ELBO = "elbo"
    ERROR = "error"
    ERROR_SD = "error_sd"
    EXPLAINED_VARIANCE = "explained_variance"
    FACTOR_OVERLAP = "factor_overlap"
    FACTOR_OVERLAP_REAL = "factor_overlap_real"
    FID = "fid"
    FRECHET_DISTANCE = "frechet_distance"
    FRECHET_DISTANCE_REAL = "frechet_distance_real"
    HIGH_QUALITY = "high_quality"
    INFORMATION_BOUND = "information_bound"
    KL = "kl"
    L1 = "l1"
    LEAK = "leak"
    MEAN_AVERAGE_PRECISION = "mean_average_precision"
    MODES = "modes"
    MODE_KL = "mode_kl"
    MS_SSIM = "ms_ssim"
    MS_SSIM_REAL = "ms_ssim_real"
    NEAR_COPIES = "near_copies"
    NEIGHBOUR_ACCURACY = "neighbour_accuracy"
    NEAREST_TRAINING_DISTANCE = "nearest_training_distance"
    NLL_BOUND = "nll_bound"
    OPTIMAL_SIGMA = "optimal_sigma"
    PAIR_ERROR = "pair_error"
    PRECISION = "precision"
    PRECISION_REAL = "precision_real"
    PRINCIPAL_ANGLE = "principal_angle"
    PSNR = "psnr"
    RECALL = "recall"
    RECALL_REAL = "recall_real"
    RECOGNISED = "recognised"
    RECOGNISED_REAL = "recognised_real"
    RECONSTRUCTION = "reconstruction"
    SECONDS = "seconds"
    SHARPNESS = "sharpness"
    SLANT_CORRELATION = "slant_correlation"
    SLICED_WASSERSTEIN = "sliced_wasserstein"
    SLICED_WASSERSTEIN_REAL = "sliced_wasserstein_real"
    SQUARED_ERROR = "squared_error"
    SSIM = "ssim"
    SWAP_CLASS = "swap_class"

    def of(self, *variant: object, model: str = "") -> str:
        """Write the key in a card: the id, each variant after a slash, and, of another model than the card's, its name.

        `MetricId.CYCLE_ERROR.of("x", 0.1)` is "cycle_error/x/0.1", `MetricId.L1.of(model="a")` is "l1@a".
        """
        return "/".join([self.value, *map(str, variant)]) + (f"@{model}" if model else "")


@dataclass(frozen=True)
class MetricSpec:
    """Says how a metric is shown and read."""

    label: str
    unit: str = ""
    """May name what differs from model to model in braces: "of {total}"."""
    better: Literal["lower", "higher"] | None = None
    """None where neither is better in itself."""
    variants: tuple[str, ...] = ()
    """What each variant after the id stands for, such as "code size {}"."""


class Key(NamedTuple):
    """Holds a key of `Card.metrics`, taken apart."""

    id: str
    variants: tuple[str, ...]
    model: str
    """The model that was measured, where it is not the card's own."""


def parse_key(key: str) -> Key:
    """Take a key such as "cycle_error/x/0.1" or "l1@pix2pix-paper" apart."""
    measured, _, model = key.partition("@")
    name, *variants = measured.split("/")
    return Key(name, tuple(variants), model)


# ---------------------------------------------------------------------------------------------------------------------
# Facts
# ---------------------------------------------------------------------------------------------------------------------


class Facts(Strict):
    """What the code of a family needs to know of one model: a frozen dataclass for each family."""

    def graphs(self) -> Graphs:
        """Name the graphs that a model with these facts has at least."""
        raise NotImplementedError


CLASS = "y"
"""The input of a graph that is told a class, one-hot. Between two of them, it is told a mixture."""


def _told(classes: tuple[str, ...]) -> tuple[str, ...]:
    return (CLASS,) if classes else ()


class AutoencoderKind(StrEnum):
    """Says how an autoencoder's two halves are made."""

    CONV = "conv"
    LINEAR = "linear"
    PCA = "pca"
    VAE = "vae"
    """A VAE in the same layers as CONV: z is the mean of q(z|x), x that of p(x|z), and p(z) = N(0, I)."""


@dataclass(frozen=True)
class AutoencoderFacts(Facts):
    """Holds what is known of autoencoders for several code sizes (lecture §1.1, §1.2, §1.6)."""

    kind: AutoencoderKind
    code_sizes: tuple[int, ...]

    def graphs(self) -> Graphs:
        """Name an encoder, a decoder and the Gaussian fitted to the codes, for each code size."""
        made: Graphs = {}
        for k in self.code_sizes:
            made[f"encoder_{k}"] = Ports(("x",), ("z",))
            made[f"decoder_{k}"] = Ports(("z",), ("x",))
            made[f"gaussian_{k}"] = Ports(("eps",), ("z",))
        return made


class DocumentKind(StrEnum):
    """Says how codes of documents are made."""

    AUTOENCODER = "autoencoder"
    LSA = "lsa"


class WordWeighting(StrEnum):
    """Says what stands for the count of a word."""

    RAW = "raw"
    LOG = "log"
    TF_IDF = "tf-idf"


@dataclass(frozen=True)
class DocumentFacts(Facts):
    """Holds what is known of codes of documents (lecture §1.3)."""

    kind: DocumentKind
    code_sizes: tuple[int, ...]
    weighting: WordWeighting
    topics: tuple[str, ...]
    """What the labels of documents are called."""
    words: tuple[str, ...]
    """The vocabulary, in the order of the counts."""
    word_dropout: float = 0.0
    """Probability with which a word was left out of the input in training."""
    bit_noise: float = 0.0
    """Standard deviation of the noise that made its code bits, −1 or 1, in training; 0: its codes are real numbers."""

    def graphs(self) -> Graphs:
        """Name an encoder and a decoder for each code size, and the held-out documents of a plane or of bits."""
        made: Graphs = {}
        for k in self.code_sizes:
            made[f"encoder_{k}"] = Ports(("counts",), ("z",))
            made[f"decoder_{k}"] = Ports(("z",), ("words",))
        if PLANE in self.code_sizes or self.bit_noise:
            made["documents"] = Ports(("index",), ("z", "topic", "words"))
        return made


PLANE = 2
"""The code size that can be shown as a plane."""


class Likelihood(StrEnum):
    """Says what p(x|z) is."""

    BERNOULLI = "bernoulli"
    NORMAL = "normal"


@dataclass(frozen=True)
class VAEFacts(Facts):
    """Holds what is known of a variational autoencoder (lecture §2)."""

    likelihood: Likelihood
    beta: float = 1.0
    """Weight of the KL term in training."""
    binarized: bool = False
    """Whether it was trained on images drawn black or white, each grey level as a probability."""
    sigma: float | None = None
    """Standard deviation of a Normal p(x|z), where it is one constant and not the decoder's output."""
    attributes: tuple[str, ...] = ()
    """Known factors of the images that are read from z, and along which z is moved."""
    classes: tuple[str, ...] = ()
    """What the classes are called, one of which both halves are told (lecture §4.1); none: they are told none."""

    def graphs(self) -> Graphs:
        """Name encoder and decoder; with attributes, also how they are read from z and how z moves with them."""
        second = "logits" if self.likelihood is Likelihood.BERNOULLI else "logvar"
        made = {
            "encoder": Ports(("x", *_told(self.classes)), ("mu", "logvar")),
            "decoder": Ports(("z", *_told(self.classes)), ("x", second)),
        }
        if self.attributes:
            made["attributes"] = Ports(("z",), self.attributes)
            made["directions"] = Ports(self.attributes, ("dz",))
        return made


class GANRecipe(StrEnum):
    """Says which training a GAN had."""

    LOGISTIC_R1 = "logistic, R1"
    """Today's: `training.gan`."""
    DCGAN = "DCGAN"
    """The lecture's (§3.7): `training.dcgan`."""


@dataclass(frozen=True)
class GANFacts(Facts):
    """Holds what is known of a generative adversarial network (lecture §3)."""

    recipe: GANRecipe
    pack: int = 1
    """Images that D judged together (lecture §5.5)."""
    classes: tuple[str, ...] = ()
    """What the classes are called, one of which G is told, one-hot (lecture §4.1); none: it is told none."""

    def graphs(self) -> Graphs:
        """Name the generator alone."""
        return {"generator": Ports(("z", *_told(self.classes)), ("x",))}


@dataclass(frozen=True)
class InfoGANFacts(Facts):
    """Holds what is known of an InfoGAN (lecture §3.8)."""

    categories: int
    """Values of the categorical code."""
    continuous: int
    """Dimensions of the continuous code."""

    def graphs(self) -> Graphs:
        """Name the generator, and Q, which reads codes from images."""
        return {
            "generator": Ports(("z", "category", "continuous"), ("x",)),
            "recogniser": Ports(("x",), ("category", "continuous", "sigma")),
        }


@dataclass(frozen=True)
class Label(Strict):
    """Says what a label map calls one kind of thing."""

    name: str
    colour: tuple[int, int, int]
    """How it is shown, 0 to 255."""


class Pix2PixRecipe(StrEnum):
    """Says which network and training a pix2pix had."""

    FAST = "fast"
    """A U-Net chosen for its time on a CPU: `training.pix2pix`."""
    PAPER = "paper"
    """Isola et al. 2017: `training.pix2pix_paper`."""


@dataclass(frozen=True)
class Pix2PixFacts(Facts):
    """Holds what is known of a translation learnt from pairs (lecture §4.1)."""

    recipe: Pix2PixRecipe
    labels: tuple[Label, ...] = ()
    """Where the input is a label map: what each channel of its one-hot form stands for."""
    channels: tuple[str, ...] = ()
    """Where the input is an image: what its channels are, such as ("line",)."""
    l1: float = 100.0
    """Weight of the L1 term, of pixels in [−1, 1]; 0: trained without it."""
    gan: float = 1.0
    """Weight of D's term; 0: trained without it."""

    def graphs(self) -> Graphs:
        """Name the generator (c, u, p) -> x: u is the noise of its dropout, p the share that is dropped."""
        return {"generator": Ports(("c", "u", "p"), ("x",))}


class Translator(StrEnum):
    """Says what a generator of a CycleGAN is."""

    RESNET = "resnet"
    """An image-to-image network, as in the paper."""
    GAN = "gan"
    """An encoder into the z of a finished GAN, followed by its generator."""


@dataclass(frozen=True)
class CycleGANFacts(Facts):
    """Holds what is known of a translation learnt from two sets without pairs (lecture §4.2)."""

    cycle: float
    """λ, the weight of the cycle terms; 0: trained without them, and without the identity terms."""
    identity: float
    """Weight of the identity terms, in parts of λ."""
    translator: Translator = Translator.RESNET

    def graphs(self) -> Graphs:
        """Name both generators."""
        return {"G_xy": Ports(("x",), ("y",)), "G_yx": Ports(("y",), ("x",))}


@dataclass(frozen=True)
class DisentangleFacts(Facts):
    """Holds what is known of a code of two parts, s specified by labels and z the rest (lecture §6.2)."""

    adversary: float
    """Weight of the adversary that reads the class from z; 0: trained without it."""
    cycle: float
    """Weight of the difference of the z of two images that were made with one z."""
    beta: float
    """Weight of the KL term."""
    swap: float = 0.0
    """Weight of the class that a classifier must read from a swap; 0: trained without it."""

    def graphs(self) -> Graphs:
        """Name the encoder, which gives s and q(z|x), and the decoder of both."""
        return {
            "encoder": Ports(("x",), ("s", "mu", "logvar")),
            "decoder": Ports(("s", "z"), ("x",)),
        }


@dataclass(frozen=True)
class ViewsFacts(Facts):
    """Holds what is known of a code of two parts, s the person and z the view, learnt without labels (lecture §6.2).

    The sheet "donors" shows test images of k persons in a row, and "swaps" k rows of k: the person of the row's image
    in the view of the column's, as it was rendered.
    """

    beta: float
    """Weight of the KL term."""
    adversary: float
    """Weight of the adversary that guesses the person from z; 0: trained without it."""
    invariance: float
    """Weight of the difference of the s of two views."""

    def graphs(self) -> Graphs:
        """Name the encoder, which gives s and q(z|x), and the decoder of both."""
        return {
            "encoder": Ports(("x",), ("s", "mu", "logvar")),
            "decoder": Ports(("s", "z"), ("x",)),
        }


class ProGANLoss(StrEnum):
    """Names the objective of a progressive GAN."""

    LOGISTIC = "logistic"
    """Non-saturating, with R1."""
    WGAN_GP = "wgan-gp"
    """The paper's."""


@dataclass(frozen=True)
class ProGANFacts(Facts):
    """Holds what is known of a GAN that grew while it was trained (lecture §6.1).

    `gen_models.numerics.growth` says at which level it was when.
    """

    sides: tuple[int, ...]
    """Pixels in the side of each level's images, the smallest first."""
    images: tuple[int, ...]
    """Training images that were seen at each level."""
    fade: int
    """Images over which a level fades in; 0: it is there at once."""
    minibatch_std: bool
    """Whether D saw the standard deviation over groups of images."""
    loss: ProGANLoss

    def graphs(self) -> Graphs:
        """Name each level's generator at the level's end, and in the middle of its fade-in."""
        made = {f"generator_{side}": Ports(("z",), ("x",)) for side in self.sides}
        if self.fade:
            made |= {f"fade_{side}": Ports(("z", "in_alpha"), ("x",)) for side in self.sides[1:]}
        return made


class FeatureTask(StrEnum):
    """Says what a network of features was trained to tell."""

    CLASSES = "classes"
    FACTORS = "factors"
    ROTATIONS = "rotations"


@dataclass(frozen=True)
class FeaturesFacts(Facts):
    """Holds what is known of a network on whose features distances between images are measured."""

    task: FeatureTask

    def graphs(self) -> Graphs:
        """Name the network x -> (h, y), and the search for the training images nearest to features h."""
        return {
            "features": Ports(("x",), ("h", "y")),
            "neighbours": Ports(("h",), ("index", "distance")),
        }


class Objective(StrEnum):
    """Says what an encoder learnt without labels."""

    PLAIN = "plain"
    DENOISING = "denoising"
    VAE = "vae"
    UNWARPING = "unwarping"
    """The image before it was warped and masked is decoded from what became of it."""


@dataclass(frozen=True)
class FewLabelsFacts(Facts):
    """Holds what is known of encoders learnt without labels, and of classifiers learnt from few (lecture §1.4).

    Codes have mean 0 and variance 1 over the training images. The sheet "pool" shows images of the training split,
    near ones alike in their codes, and "test" images of the test split, row by row.
    """

    objectives: tuple[Objective, ...]
    pool: str
    """The class of each image of the pool, a digit each."""
    test: str
    """The class of each test image, a digit each."""
    labelled: str
    """The images of the pool that the classifiers learnt from: "1" for those, "0" for the others."""
    classifiers: tuple[str, ...]
    """Which there are: "scratch", "scratch_augmented", "joint"."""

    def graphs(self) -> Graphs:
        """Name an encoder for each objective and one of PCA, the decoder of un-warping, and the classifiers."""
        made = {f"encoder_{each}": Ports(("x",), ("z",)) for each in (*self.objectives, "pca")}
        made |= {f"classifier_{each}": Ports(("x",), ("p",)) for each in self.classifiers}
        return made | {"decoder": Ports(("z",), ("x",))}


class LabLoss(StrEnum):
    """Names the objectives of the two players."""

    SATURATING = "saturating"
    NON_SATURATING = "non-saturating"
    LEAST_SQUARES = "least-squares"
    WASSERSTEIN = "wasserstein"


class LabPenalty(StrEnum):
    """Names the penalties on D's gradient."""

    R1 = "r1"
    ROTH = "roth"
    GRADIENT = "gradient"


class Initial(NamedTuple):
    """Counts the parameters in a row that begin uniform in [−bound, bound]."""

    length: int
    bound: float


@dataclass(frozen=True)
class LabFacts(Facts):
    """Holds what is known of a training step of a two-dimensional GAN, as a graph (lecture §3.4-3.6, §5)."""

    loss: LabLoss
    paper: str
    batch: int
    """Points of each kind in a step."""
    hyper: Mapping[str, float]
    """Hyper-parameters, by input of the step, with their defaults."""
    initial: tuple[Initial, ...]
    """How the parameters of G and then of D begin."""
    penalty: LabPenalty | None = None
    pack: int = 1
    """Points that D judges together."""
    unroll: int = 0
    """Steps of D that G looks ahead."""
    decay: float = 1.0
    """In a long training γ and σ decay to this part of themselves."""
    width: int = 64
    """Of both players' hidden layers."""
    depth: int = 3
    """Hidden layers of both players."""

    def graphs(self) -> Graphs:
        """Name a training step; samples of G; D's output with the direction in which G would move a point."""
        return {
            "step": Ports(
                ("in_state", "in_step", "in_real", "in_z", *self.hyper),
                ("state", "losses", "gradients"),
            ),
            "sample": Ports(("in_parameters", "in_z"), ("x",)),
            "discriminator": Ports(("in_parameters", "in_x"), ("logit", "arrow")),
        }


# ---------------------------------------------------------------------------------------------------------------------
# Families
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    """Describes one kind of model."""

    facts: type[Facts]
    metrics: Mapping[MetricId, MetricSpec] = field(default_factory=dict)
    headlines: tuple[str, ...] = ()
    """Keys of metrics that stand for a model where there is room for few: the first two that its card has."""
    task: str = "unconditional-image-generation"
    """The Hub's name for what it does."""
    seen: str = "images"
    """What it learns from."""


M = MetricId
_PIXELS = "pixels in [0, 1]"
_ABSOLUTE = f"mean |difference| of {_PIXELS}"
_SQUARED = f"per image, {_PIXELS}"
_ON_FEATURES = "on features of {features}"
_PRECISION = MetricSpec("precision", "share of samples among real images", "higher")
_RECALL = MetricSpec("recall", "share of real images among samples", "higher")
_SAMPLES = {
    M.FRECHET_DISTANCE: MetricSpec("Fréchet distance", _ON_FEATURES, "lower"),
    M.RECOGNISED: MetricSpec(
        "recognised with p > 0.95", "share of samples by {features}", "higher"
    ),
    M.SHARPNESS: MetricSpec("sharpness", "mean |difference of neighbouring pixels|, real images 1"),
}
"""What is measured on any set of samples."""
_TOLD = {
    M.CLASS_ACCURACY: MetricSpec(
        "recognised as the class asked for", "share of samples by {features}", "higher"
    ),
}
"""What is measured on samples of a model that is told a class."""
_REAL = {
    M.FRECHET_DISTANCE_REAL: MetricSpec("Fréchet distance of real images", _ON_FEATURES),
    M.RECOGNISED_REAL: MetricSpec("real images recognised with p > 0.95", "share by {features}"),
}
"""The same on images of the data set."""
_GAN_SAMPLES = {
    **_SAMPLES,
    **_REAL,
    M.PRECISION: _PRECISION,
    M.RECALL: _RECALL,
    M.PRECISION_REAL: MetricSpec("precision of real images", "training among test images"),
    M.RECALL_REAL: MetricSpec("recall of real images", "test among training images"),
    M.NEAREST_TRAINING_DISTANCE: MetricSpec(
        "distance to the nearest training image", "median " + _ON_FEATURES
    ),
    M.FACTOR_OVERLAP: MetricSpec(
        "overlap of histograms, samples and test images",
        "as {features} reads it",
        "higher",
        ("{}",),
    ),
    M.FACTOR_OVERLAP_REAL: MetricSpec(
        "overlap of histograms, training and test images", "as {features} reads it", None, ("{}",)
    ),
    M.NEAR_COPIES: MetricSpec(
        "samples nearer to a training image than 99 % of test images",
        "share of samples",
        "lower",
    ),
}
"""What is measured on samples of a GAN."""
_DETAILS = "x 1000, on patches of the Laplacian pyramid"
_OVER_Z = ("of the mean over {} z",)
_CODE_SIZE = ("code size {}",)

FAMILIES: dict[str, Family] = {
    "autoencoder": Family(
        AutoencoderFacts,
        {
            M.SQUARED_ERROR: MetricSpec("squared error", _SQUARED, "lower", ("code size {}",)),
            M.PRINCIPAL_ANGLE: MetricSpec(
                "largest principal angle to PCA", "degrees", "lower", ("code size {}",)
            ),
            **{
                id: replace(spec, variants=("z from {}", "code size {}"))
                for id, spec in _SAMPLES.items()
            },
            **_REAL,
        },
        (M.SQUARED_ERROR.of(10), M.SQUARED_ERROR.of(32)),
        task="image-feature-extraction",
    ),
    "vae": Family(
        VAEFacts,
        {
            M.ELBO: MetricSpec("ELBO", "nats", "higher"),
            M.RECONSTRUCTION: MetricSpec("reconstruction", "nats", "lower"),
            M.KL: MetricSpec("KL", "nats"),
            M.ACTIVE_DIMENSIONS: MetricSpec("active dimensions", "of {total}"),
            M.SQUARED_ERROR: MetricSpec("squared error", _SQUARED, "lower"),
            M.OPTIMAL_SIGMA: MetricSpec("best σ of all pixels", "pixels in [0, 1]"),
            M.DIMENSION_KL: MetricSpec("KL", "nats", None, ("dimension {}",)),
            M.ATTRIBUTE_AUROC: MetricSpec(
                "attribute read from z", "area under the ROC curve", "higher", ("{}",)
            ),
            M.NLL_BOUND: MetricSpec("bound on −log p(x)", "nats", "lower", ("{} samples",)),
            **_SAMPLES,
            **_REAL,
            **_TOLD,
            M.PRECISION: _PRECISION,
            M.RECALL: _RECALL,
        },
        (M.NLL_BOUND.of(5000), M.SQUARED_ERROR.of(), M.KL.of()),
    ),
    "gan": Family(
        GANFacts,
        {
            **_GAN_SAMPLES,
            **_TOLD,
            M.FID: MetricSpec("FID", "on Inception's 2,048 features", "lower"),
        },
        (M.FRECHET_DISTANCE.of(), M.RECALL.of()),
    ),
    "progan": Family(
        ProGANFacts,
        {
            **_GAN_SAMPLES,
            M.SLICED_WASSERSTEIN: MetricSpec(
                "sliced Wasserstein distance",
                _DETAILS,
                "lower",
                ("details of {} pixels",),
            ),
            M.SLICED_WASSERSTEIN_REAL: MetricSpec(
                "sliced Wasserstein distance of real images",
                _DETAILS,
                None,
                ("details of {} pixels",),
            ),
            M.MS_SSIM: MetricSpec("MS-SSIM of two samples", "0 to 1, high if samples are alike"),
            M.MS_SSIM_REAL: MetricSpec("MS-SSIM of two real images", "0 to 1"),
        },
        (M.FRECHET_DISTANCE.of(), M.RECALL.of()),
    ),
    "infogan": Family(
        InfoGANFacts,
        {
            M.CODE_ACCURACY: MetricSpec("code accuracy", "of test images", "higher", ("seed {}",)),
            M.CLASS_OF_CATEGORY: MetricSpec("class", "by matching", None, ("category {}",)),
            M.INFORMATION_BOUND: MetricSpec(
                "bound on the mutual information", "nats", "higher", ("{} code",)
            ),
            **_SAMPLES,
        },
        (M.INFORMATION_BOUND.of(), M.CODE_ACCURACY.of()),
    ),
    "pix2pix": Family(
        Pix2PixFacts,
        {
            M.L1: MetricSpec("L1", _ABSOLUTE, "lower", _OVER_Z),
            M.PSNR: MetricSpec("PSNR", "dB", "higher"),
            M.SSIM: MetricSpec("SSIM", "", "higher", _OVER_Z),
            M.DIVERSITY: MetricSpec("diversity over z", _ABSOLUTE, "higher"),
            M.FRECHET_DISTANCE: MetricSpec("Fréchet distance", _ON_FEATURES, "lower"),
            M.DRAWING_DISTANCE: MetricSpec(
                "distance from a drawing's image to the nearest real one", _ON_FEATURES, "lower"
            ),
        },
        (M.L1.of(), M.SSIM.of()),
        task="image-to-image",
    ),
    "cyclegan": Family(
        CycleGANFacts,
        {
            M.CYCLE_ERROR: MetricSpec(
                "cycle error", _ABSOLUTE, "lower", ("from {}", "noise of σ = {} on the way")
            ),
            M.PAIR_ERROR: MetricSpec(
                "error against the true pair", _ABSOLUTE, "lower", ("of {}", "by {}")
            ),
            M.FRECHET_DISTANCE: MetricSpec("Fréchet distance", _ON_FEATURES, "lower", ("of {}",)),
        },
        (M.PAIR_ERROR.of("y"), M.CYCLE_ERROR.of("x")),
        task="image-to-image",
    ),
    "disentangle": Family(
        DisentangleFacts,
        {
            M.LEAK: MetricSpec(
                "class read from z", "share of {what}", "lower", ("by a {} probe", "from the {}")
            ),
            M.ACCURACY: MetricSpec("class read from s", "share of {what}", "higher"),
            M.SWAP_CLASS: MetricSpec(
                "swapped image has the class of the donor of s",
                "share of swaps by {features}",
                "higher",
            ),
            M.SLANT_CORRELATION: MetricSpec(
                "correlation of slants, swapped image and donor", "", None, ("of {}",)
            ),
            M.SQUARED_ERROR: MetricSpec("squared error", _SQUARED, "lower"),
        },
        (M.LEAK.of("perceptron", "sample"), M.SWAP_CLASS.of()),
        task="image-feature-extraction",
    ),
    "views": Family(
        ViewsFacts,
        {
            M.EXPLAINED_VARIANCE: MetricSpec(
                "explained variance", "share of variance", None, ("{}", "read from {}")
            ),
            M.L1: MetricSpec("L1", _ABSOLUTE, "lower", ("of {}",)),
            M.SSIM: MetricSpec("SSIM", "", "higher", ("of {}",)),
        },
        (M.SSIM.of("swap"), M.EXPLAINED_VARIANCE.of("person", "z")),
        task="image-feature-extraction",
    ),
    "documents": Family(
        DocumentFacts,
        {
            M.NEIGHBOUR_ACCURACY: MetricSpec(
                "topic by its 15 nearest training documents",
                "share of test documents",
                "higher",
                _CODE_SIZE,
            ),
            M.MEAN_AVERAGE_PRECISION: MetricSpec(
                "mean average precision", "", "higher", _CODE_SIZE
            ),
            M.PRECISION: MetricSpec(
                "share of the same topic", "", "higher", (*_CODE_SIZE, "first {} retrieved")
            ),
            M.CROSS_ENTROPY: MetricSpec("cross-entropy", "nats per word", "lower", _CODE_SIZE),
        },
        tuple(
            metric.of(code)
            for code in (PLANE, 32)
            for metric in (M.NEIGHBOUR_ACCURACY, M.MEAN_AVERAGE_PRECISION)
        ),
        task="feature-extraction",
        seen="documents",
    ),
    "features": Family(
        FeaturesFacts,
        {
            M.ACCURACY: MetricSpec("accuracy", "share of {what}", "higher"),
            M.EXPLAINED_VARIANCE: MetricSpec(
                "explained variance", "share of variance", "higher", ("{}",)
            ),
        },
        (M.ACCURACY.of(),),
        task="image-feature-extraction",
    ),
    "few-labels": Family(
        FewLabelsFacts,
        {
            M.ERROR: MetricSpec(
                "error", "% of test images", "lower", ("{}", "{} encoder", "{}", "{} labels")
            ),
            M.ERROR_SD: MetricSpec(
                "standard deviation of the error",
                "% of test images",
                None,
                ("{}", "{} encoder", "{}", "{} labels"),
            ),
            M.ACCURACY: MetricSpec("accuracy", "share of test images", "higher", ("{}",)),
        },
        (M.ERROR.of("frozen", "unwarping", "unchanged", 100),),
        task="image-classification",
    ),
    "lab": Family(
        LabFacts,
        {
            M.MODES: MetricSpec("modes covered", "of {total}", "higher", ("{}", "{} sampling")),
            M.HIGH_QUALITY: MetricSpec(
                "samples of high quality", "%", "higher", ("{}", "{} sampling")
            ),
            M.MODE_KL: MetricSpec("KL of the modes' shares", "nats", "lower", ("{}",)),
            M.SECONDS: MetricSpec("training time", "s", "lower", ("{}", "{} sampling")),
        },
        (M.HIGH_QUALITY.of("ring"), M.MODES.of("grid")),
    ),
}

SLOW_D = "ring, slow D"
"""Variant of the lab's metrics on the ring where D learns at a twentieth of the rate of G."""
REJECTION = "rejection"
"""Last variant of the lab's metrics that were taken on the samples that D accepts (Azadi et al. 2019)."""


def spec_of(family: str, key: str) -> MetricSpec | None:
    """Return what the family says of the metric of this key; None if it has no such metric."""
    name = parse_key(key).id
    return next((spec for id, spec in FAMILIES[family].metrics.items() if id == name), None)


def label_of(family: str, key: str) -> str:
    """Put a key in words: "squared_error/10" of an autoencoder is "squared error, code size 10"."""
    spec, (_, variants, model) = spec_of(family, key), parse_key(key)
    if spec is None:
        return key
    words = [spec.variants[i] if i < len(spec.variants) else "{}" for i in range(len(variants))]
    parts = [spec.label, *(word.format(v) for word, v in zip(words, variants, strict=True))]
    return ", ".join(parts) + (f", by {model}" if model else "")


def better_of(family: str, key: str) -> str:
    """Return "lower is better" or "higher is better" for a key; "" where neither is better in itself."""
    spec = spec_of(family, key)
    return f"{spec.better} is better" if spec and spec.better else ""
