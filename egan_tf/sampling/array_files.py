"""Arrays in files of numpy, without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np


def save_arrays(arrays: Mapping[str, np.ndarray], file: BinaryIO) -> None:
    """Writes named arrays as `.npz`, as `numpy.savez` does.

    `savez` of the older supported versions of numpy cannot refuse to pickle.

    Args:
        arrays: by name.
        file: to write to.

    Raises:
        ValueError: an array holds Python objects.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
