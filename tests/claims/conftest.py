"""The committed models, and who reads digits."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from gen_models import cards
from gen_models.runtime import Array, Model

EXPORTED = Path("exported")


@pytest.fixture(scope="session")
def exported() -> Mapping[str, Model]:
    """The committed models by name."""
    found, problems = cards.discover(EXPORTED)
    assert problems == []
    return {card.name: Model(card, EXPORTED / card.name) for card in found}


@pytest.fixture(scope="session")
def read(exported) -> Callable[[Array], list[int]]:
    """The digit that a network trained to tell digits takes each image (n, 1, 28, 28) for."""
    features = exported["features-digits"]
    return lambda x: np.argmax(features("features", x=x)["y"], 1).tolist()
