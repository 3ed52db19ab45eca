"""Store the arrays of a recipe in an .npz file, with the recipe's facts and a checksum of the content."""

import json
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gen_models.files import written_whole
from training.data.common import DataError, Info, sha256

DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


def read(path: Path, info: Info, *names: str) -> list[np.ndarray]:
    """Return the arrays of these names. Raise DataError if the file is damaged or of another recipe."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            arrays = [file[name] for name in names]
            meta = json.loads(str(file["meta"]))
        recipe, checksum = meta["info"]["sha256"], meta["checksum"]
    except DAMAGE as error:
        raise DataError(f"{path} is damaged: delete it and try again.") from error
    if recipe != info.sha256:
        raise DataError(f"{path} was made by another recipe: delete it and try again.")
    if sha256(*arrays) != checksum:
        raise DataError(f"{path} is damaged: delete it and try again.")
    return arrays


def write(path: Path, info: Info, **arrays: np.ndarray) -> None:
    """Write the file whole or not at all. It is not compressed, for the sake of loading."""
    meta = {"info": asdict(info), "checksum": sha256(*arrays.values())}
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        np.savez(file, allow_pickle=False, **arrays, meta=np.array(json.dumps(meta)))
