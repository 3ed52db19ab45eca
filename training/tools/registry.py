"""What the tools know of each family: how it is measured, and how its networks are built.

To add a family is to add its entry here and one in `gen_models.families`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from gen_models import cards
from gen_models.families import (
    AutoencoderFacts,
    AutoencoderKind,
    CycleGANFacts,
    DocumentFacts,
    DocumentKind,
    GANFacts,
    GANRecipe,
    Objective,
    Pix2PixFacts,
    Pix2PixRecipe,
    ProGANFacts,
    Translator,
)
from gen_models.networks.cyclegan import ResNet
from gen_models.networks.disentangle import BothCodes, Mean
from gen_models.networks.documents import (
    BitCode,
    DocumentDecoder,
    DocumentEncoder,
    MeanCode,
    Weighting,
    WordProbabilities,
)
from gen_models.networks.features import Recogniser
from gen_models.networks.infogan import Reading
from gen_models.networks.pix2pix import PaperUNet, UNet
from gen_models.networks.progan import AtLevel, Fading
from gen_models.networks.vae import MeanDecoder, MeanEncoder
from training import (
    autoencoder,
    cyclegan,
    dcgan,
    disentangle,
    disentangle_views,
    features,
    few_labels,
    gan,
    infogan,
    pix2pix,
    pix2pix_paper,
    progan,
    vae,
)
from training.engine.aliases import current_options
from training.engine.measurement import Measurement, Result
from training.evaluation import autoencoder as autoencoder_evaluation
from training.evaluation import cyclegan as cyclegan_evaluation
from training.evaluation import disentangle as disentangle_evaluation
from training.evaluation import disentangle_views as views_evaluation
from training.evaluation import documents as documents_evaluation
from training.evaluation import features as features_evaluation
from training.evaluation import few_labels as few_labels_evaluation
from training.evaluation import gan as gan_evaluation
from training.evaluation import infogan as infogan_evaluation
from training.evaluation import pix2pix as pix2pix_evaluation
from training.evaluation import progan as progan_evaluation
from training.evaluation import vae as vae_evaluation


@dataclass(frozen=True)
class Entry:
    """A family, as the tools see it."""

    measure: Callable[[Measurement], Result] | None
    """The exported graphs on the test split: metrics and a contact sheet. None: measured by commands of its own."""
    networks: Callable[[cards.Card], dict[str, nn.Module]] | None
    """The torch network of each graph, with random weights, to be timed beside the graph. None: not timed so."""


def autoencoder_networks(card: cards.Card) -> dict[str, nn.Module]:
    """The torch networks of an autoencoder card, with random weights: time does not depend on them."""
    if card.facts_as(AutoencoderFacts).kind is AutoencoderKind.VAE:
        return vae_networks_of_sizes(card)
    config = autoencoder.Config(**current_options(autoencoder.Config, card.config))
    nets: dict[str, nn.Module] = {}
    for code in config.codes:
        mean = torch.zeros([int(n) for n in card.graphs[f"encoder_{code}"].inputs[0].shape[1:]])
        nets[f"encoder_{code}"], nets[f"decoder_{code}"] = autoencoder.build(config, mean, code)
    return nets


def vae_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the networks of a VAE, as `autoencoder_networks` does."""
    shape = [int(n) for n in card.graphs["encoder"].inputs[0].shape[1:]]
    config = vae.Config(**current_options(vae.Config, card.config))
    encoder, decoder = vae.build(config, shape, len(card.classes))
    return {"encoder": encoder, "decoder": decoder}


def vae_networks_of_sizes(card: cards.Card) -> dict[str, nn.Module]:
    """Build the networks of VAEs that stand beside autoencoders."""
    config = vae.Config(**current_options(vae.Config, card.config))
    nets: dict[str, nn.Module] = {}
    for code in config.codes:
        shape = [int(n) for n in card.graphs[f"encoder_{code}"].inputs[0].shape[1:]]
        encoder, decoder = vae.build(replace(config, latent_dim=code), shape)
        nets[f"encoder_{code}"], nets[f"decoder_{code}"] = (
            MeanEncoder(encoder),
            MeanDecoder(decoder),
        )
    return nets


def gan_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the generator of a GAN, of today's recipe or of the lecture's."""
    shape = torch.Size(map(int, card.graphs["generator"].outputs[0].shape[1:]))
    if card.facts_as(GANFacts).recipe is GANRecipe.LOGISTIC_R1:
        config = gan.Config(**current_options(gan.Config, card.config))
        G, _ = gan.build(config, shape, len(card.classes))
    else:
        G, _ = dcgan.build(dcgan.Config(**current_options(dcgan.Config, card.config)), shape)
    return {"generator": G}


def progan_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the generators of a progressive GAN: one at each level's end, and one while it fades in."""
    facts = card.facts_as(ProGANFacts)
    config = progan.Config(**current_options(progan.Config, card.config))
    G, _ = progan.build(config, int(card.graphs["generator_4"].outputs[0].shape[1]))
    nets: dict[str, nn.Module] = {}
    for level, side in enumerate(facts.sides):
        nets[f"generator_{side}"] = AtLevel(G, level)
        if level and facts.fade:
            nets[f"fade_{side}"] = Fading(G, level)
    return nets


def infogan_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the networks of an InfoGAN."""
    shape = torch.Size(map(int, card.graphs["generator"].outputs[0].shape[1:]))
    G, _, Q = infogan.build(infogan.Config(**current_options(infogan.Config, card.config)), shape)
    return {"generator": G, "recogniser": Reading(Q)}


def pix2pix_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the generator of a pix2pix."""
    _, k, size, _ = card.graphs["generator"].inputs[0].shape
    c = int(card.graphs["generator"].outputs[0].shape[1])
    fast = card.facts_as(Pix2PixFacts).recipe is Pix2PixRecipe.FAST
    page, kind = (pix2pix, UNet) if fast else (pix2pix_paper, PaperUNet)
    config = page.Config(**current_options(page.Config, card.config))
    return {"generator": kind(int(k), c, int(size), config.width)}


def cyclegan_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build both generators of a CycleGAN; none where they are built on those of GANs."""
    x, y = (
        int(card.graphs["G_xy"].inputs[0].shape[1]),
        int(card.graphs["G_xy"].outputs[0].shape[1]),
    )
    if card.facts_as(CycleGANFacts).translator is Translator.GAN:
        return {}  # an encoder before the generator of a GAN whose z the card does not describe
    config = cyclegan.Config(**current_options(cyclegan.Config, card.config))
    sizes = (config.width, config.blocks, config.downsamplings)
    return {"G_xy": ResNet(x, y, *sizes), "G_yx": ResNet(y, x, *sizes)}


def disentangle_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build both halves of a code of two parts."""
    shape = [int(n) for n in card.graphs["encoder"].inputs[0].shape[1:]]
    config = disentangle.Config(**current_options(disentangle.Config, card.config))
    E_s, E_z, D, *_ = disentangle.build(config, shape, 1)  # the others alone are told classes
    return {"encoder": BothCodes(E_s, E_z), "decoder": Mean(D)}


def views_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build both halves of a code of a person and a view."""
    shape = [int(n) for n in card.graphs["encoder"].inputs[0].shape[1:]]
    config = disentangle_views.Config(**current_options(disentangle_views.Config, card.config))
    E_s, E_z, D, _ = disentangle_views.build(config, shape)
    return {"encoder": BothCodes(E_s, E_z), "decoder": Mean(D)}


def documents_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the networks of an autoencoder of documents; LSA is a product of two matrices."""
    facts = card.facts_as(DocumentFacts)
    if facts.kind is DocumentKind.LSA:
        return {}
    nets: dict[str, nn.Module] = {}
    for code in facts.code_sizes:
        weighting = Weighting(facts.weighting, torch.zeros(1, len(facts.words)))
        encoder = DocumentEncoder(weighting, code, facts.word_dropout)
        nets[f"encoder_{code}"] = (BitCode if facts.bit_noise else MeanCode)(encoder)
        nets[f"decoder_{code}"] = WordProbabilities(DocumentDecoder(len(facts.words), code))
    return nets


def features_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build a network of features; the search for neighbours is no network."""
    inputs, (_, y) = card.graphs["features"].inputs, card.graphs["features"].outputs
    c, size, _ = map(int, inputs[0].shape[1:])
    config = features.Config(**current_options(features.Config, card.config))
    return {
        "features": Recogniser(c, size, config.width, config.features, int(y.shape[1])),
    }


def few_labels_networks(card: cards.Card) -> dict[str, nn.Module]:
    """Build the encoder and the decoder of un-warping; the other encoders are like it."""
    config = few_labels.Config(**current_options(few_labels.Config, card.config))
    shape = [int(n) for n in card.graphs["encoder_unwarping"].inputs[0].shape[1:]]
    encoder, decoder = few_labels.build(config, shape, Objective.UNWARPING)
    return {"encoder_unwarping": encoder, "decoder": decoder}


FAMILIES: dict[str, Entry] = {
    "autoencoder": Entry(autoencoder_evaluation.measure, autoencoder_networks),
    "vae": Entry(vae_evaluation.measure, vae_networks),
    "gan": Entry(gan_evaluation.measure, gan_networks),
    "progan": Entry(progan_evaluation.measure, progan_networks),
    "infogan": Entry(infogan_evaluation.measure, infogan_networks),
    "pix2pix": Entry(pix2pix_evaluation.measure, pix2pix_networks),
    "cyclegan": Entry(cyclegan_evaluation.measure, cyclegan_networks),
    "disentangle": Entry(disentangle_evaluation.measure, disentangle_networks),
    "views": Entry(views_evaluation.measure, views_networks),
    "documents": Entry(documents_evaluation.measure, documents_networks),
    "features": Entry(features_evaluation.measure, features_networks),
    "few-labels": Entry(few_labels_evaluation.measure, few_labels_networks),
    "lab": Entry(None, None),
}
