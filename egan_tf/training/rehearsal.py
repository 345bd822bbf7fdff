"""Takes the untrained generator through the rooms after training, so that what they refuse is known before it."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.export.source import prepare_source
from egan_tf.export.writing import DiskError, write_formats
from egan_tf.sampling.calls import ROWS
from egan_tf.training.callbacks.sample_grid import spec_of
from egan_tf.training.config import Config
from egan_tf.utils.log_line import log_line


def rehearse(config: Config, egan: EGAN, dataset: data.Dataset) -> None:
    """Exports the generator to a temporary folder; nothing of it stays, and the state of training is unchanged.

    What fails now fails after training too. What depends on the weights, such as the range of the samples, is left to
    the export. Formats that cannot hold the generator are logged, as long as one can.

    Args:
        config: names the formats.
        egan: the model.
        dataset: gives the value range.

    Raises:
        InputError: the run could not export its result.
    """
    if not spec_of(egan, dataset.value_range).is_drawable:
        log_line(f"samples of shape {list(dataset.shape)} are no images or points of a plane: the run has no pictures")
    prepared = prepare_source(
        egan.individual(0), egan.latent, dataset.value_range, dataset.class_names if egan.conditional else ()
    )
    # Nobody samples from these files: which number of rows is fast need not be measured.
    source = dataclasses.replace(prepared, rows_per_call=ROWS)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            names = list(dict.fromkeys(config.run.formats))
            verification, failed = write_formats(names, source, Path(folder))
    except (DiskError, OSError):
        return  # of no matter: the export is somewhere else
    for name, reason in failed.items():
        log_line(f"{name}: {reason}; the export will hold {' and '.join(verification)}")
