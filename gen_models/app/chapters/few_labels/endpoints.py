"""Few labels over HTTP."""

from __future__ import annotations

from typing import Any

from gen_models.app.chapter import Models
from gen_models.app.chapters.few_labels.common import PCA, PIXELS, Digits, encoders_of, first_of
from gen_models.app.chapters.few_labels.label import fitted, order
from gen_models.app.checks import checked_integer
from gen_models.app.shell.parts import endpoint
from gen_models.errors import BadRequest


def offer(models: Models) -> None:
    """What logistic regression reaches with the labels that are asked for first."""
    if not models:
        return
    digits = Digits(first_of(models))

    def classify(encoder: str, next: str, labels: int) -> dict[str, Any]:
        """Test accuracy of logistic regression on the first so many labels of an order ("centres" or "random"), on
        features of an encoder ("unwarping", "denoising", "vae", "plain", "pca" or "pixels"), and the images labelled.
        """
        kinds = (*encoders_of(digits.model.card), PCA, PIXELS)
        if encoder not in kinds or next not in ("centres", "random"):
            raise BadRequest(
                f"The encoder is one of {', '.join(kinds)}; next is centres or random."
            )
        n = checked_integer(labels, 1, len(digits.pool_labels), "The number of labels")
        index = order(digits, encoder, next)[:n]
        pairs = [(i, int(digits.pool_labels[i])) for i in index]
        return {"accuracy": fitted(digits, encoder, pairs)[1], "labelled": pairs}

    endpoint(classify, "few_labels_classify")
