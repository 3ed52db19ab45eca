"""Toy models for the tests: ONNX graphs built by hand, without torch, whose answers are known on paper.

One module a family says only what its toy computes; `toys.write` makes the model of it.
"""

from toys.autoencoder import autoencoder
from toys.cyclegan import cyclegan
from toys.disentangle import disentangle
from toys.documents import documents, hashing
from toys.features import features
from toys.few_labels import few_labels
from toys.gan import gan, matrix
from toys.heads import heads
from toys.infogan import infogan
from toys.lab import lab
from toys.pix2pix import pix2pix
from toys.progan import progan
from toys.vae import vae
from toys.views import views

__all__ = [
    "autoencoder",
    "cyclegan",
    "disentangle",
    "documents",
    "features",
    "few_labels",
    "gan",
    "hashing",
    "heads",
    "infogan",
    "lab",
    "matrix",
    "pix2pix",
    "progan",
    "vae",
    "views",
]
