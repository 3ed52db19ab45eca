"""Several views of each person: whose image is whose, other views of a person, and persons in the views of others."""

import torch
from torch import Tensor

from training.data.common import DataError, Images, resized, root

HELD_OUT = 6
"""Of this many persons of the training split one is held out."""


class Views:
    """Which images of a split show one person: those that share all factors of a person.

    person: int64 [n], of each image
    images: int64 [persons, views], the images of each person
    view: int64 [n], which of the views of its person an image is
    """

    def __init__(self, data: Images) -> None:
        """Raises DataError: nobody knows who is who, or a person has one view alone."""
        of_person = parts()["person"]
        if data.factors is None or not {*of_person} <= {*data.info.factors}:
            raise DataError(
                f"Nobody knows which images of {data.info.name} show one person: choose heads-identities."
            )
        columns = [data.info.factors.index(name) for name in of_person]
        _, self.person = data.factors[:, columns].unique(dim=0, return_inverse=True)
        count = self.person.bincount()
        if count[0] < 2 or (count != count[0]).any():
            raise DataError(
                f"{data.info.name} does not show each person as often, and twice or more: choose heads-identities."
            )
        self.images = self.person.argsort(stable=True).view(len(count), -1)
        self.view = torch.empty_like(self.person)
        self.view[self.images] = torch.arange(self.images.shape[1])

    def others(self, index: list[int]) -> list[int]:
        """Return for each image another one of the same person, drawn at random."""
        i, n = torch.as_tensor(index), self.images.shape[1]
        further = torch.randint(1, n, (len(i),))
        return self.images[self.person[i], (self.view[i] + further) % n].tolist()

    def first(self, n: int) -> list[int]:
        """Return the first image of each of n persons."""
        return self.images[:n, 0].tolist()


def parts() -> dict[str, tuple[str, ...]]:
    """Return the names of the factors that make a person, and of those that make a view."""
    from training.data.heads import factors  # whose package imports numba

    return {"person": tuple(factors.IDENTITY), "view": tuple(factors.VIEW)}


def held_out(data: Images) -> tuple[Images, Images]:
    """Return a split without every sixth person, and the images of those."""
    out = Views(data).person % HELD_OUT == HELD_OUT - 1
    return _where(data, ~out), _where(data, out)


def _where(data: Images, chosen: Tensor) -> Images:
    assert data.factors is not None
    return Images(data.x[chosen], None, data.info, data.factors[chosen])


def swaps(spec: str, size: int | None) -> tuple[Tensor, Tensor]:
    """Return images of the test split of a set, by blocks of k persons, and each person in the view of each image.

    The former are places in the split, int64 [blocks, k]. The latter are rendered, uint8
    [blocks, k, k, c, size, size]: the person of the row in the view of the column.
    Raises DataError for a set whose persons cannot be rendered.
    """
    from training.data import heads  # which imports numba

    if spec != heads.SWAPS.heads.name:
        raise DataError(
            f"Nobody can render a person of {spec} in the view of another: choose {heads.SWAPS.heads.name}."
        )
    donors, x = heads.load_swaps(root())
    flat = x.flatten(0, 2)
    flat = flat if size is None else resized(flat, size)
    return donors, flat.view(*x.shape[:3], *flat.shape[1:])
