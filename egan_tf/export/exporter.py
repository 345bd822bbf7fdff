"""Exports a generator to a directory: writes it, loads it again, compares it, and renames it into place."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.settings import MAX_SEED
from egan_tf.export.arguments import (
    check_class_names,
    check_directory,
    check_formats,
    check_rows_per_call,
    check_utf8,
    check_value_range,
)
from egan_tf.export.card import check_card, describe_export, file_table, write_card
from egan_tf.export.comparison import verification_inputs
from egan_tf.export.directory import atomic_export, check_export_directory
from egan_tf.export.formats import FORMATS
from egan_tf.export.readme import render_readme
from egan_tf.export.running import run_on_cpu
from egan_tf.export.sample_vectors import sample_vectors
from egan_tf.export.source import LatentLike, Source, latent_of, prepare_source
from egan_tf.export.verify import verify_source
from egan_tf.export.writing import write_formats
from egan_tf.sampling.pictures import max_grid_images, picture
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import boolean, integer
from egan_tf.utils.log_line import log_line

IMAGE_AXES, IMAGE_RANGE = 3, (-1.0, 1.0)
"""Samples of an `EGAN` with three axes are images, and its images have this range."""

PREVIEW_FILE = "samples.png"
PREVIEW_COUNT = 64
PREVIEW_CLASSES, PREVIEW_COLUMNS = 50, 8
"""Of a class-conditional generator: a row for each class, of this many samples. Large images get smaller grids."""


def export_generator(
    generator: keras.Model,
    directory: str | os.PathLike[str],
    *,
    latent: LatentLike | str | None = None,
    value_range: Iterable[float] | None = None,
    card: Mapping[str, Any] | None = None,
    formats: Iterable[str] = ("saved_model", "onnx"),
    overwrite: bool = False,
    preview_seed: int = 0,
    class_names: Sequence[str] = (),
    rows_per_call: int | None = None,
) -> Path:
    """Exports any Keras generator with its model card; the directory appears when all is verified, or not at all.

    It holds one file or folder per format, `samples.png` (of images and points), `card.json` and `README.md`. The
    formats compute in float32 and inference mode, also for a generator in lower precision; the batch is dynamic.

    A format that cannot hold the generator, or computes other samples, is left out: one line on stderr names it, the
    reason and what was written instead, and the card has the reason under `failed_formats`.

    Args:
        generator: a Keras model of noise [batch, latent.size], and of labels [batch] as a second input if it is
            class-conditional, its last activation inside; or an `EGAN`, of which the fittest survivor is exported.
        directory: of the export, such as `saved_models/NAME`, new or empty; its parents are made.
        latent: the noise: "normal" or "uniform" (in (-1, 1)), or its size and distribution, such as `Latent(100)`. By
            default that of the `EGAN`; of another generator "normal".
        value_range: lowest and highest value of a sample, (-1, 1) for images; None for unbounded points. Images of an
            `EGAN` are in (-1, 1) by default.
        card: further entries of the card: description, data, config, steps, fitness, ... (JSON values).
        formats: names in `FORMATS`.
        overwrite: replaces an earlier export in `directory`, but never anything else.
        preview_seed: seed of the samples in `samples.png`, 0 to 2^63 - 1, as every seed of a run.
        class_names: one per label of a class-conditional generator.
        rows_per_call: rows of noise that a `Sampler` gives onnxruntime at once, 1 to 1,024, fixed in the ONNX files. By
            default what is fastest here, by a measurement: two exports of the same weights then differ at most in this.
            Refused if no file states it.

    Returns:
        `directory`.

    Raises:
        InputError: an argument is invalid, no format can hold the generator, or `directory` exists or cannot be
            written.
        ExportMismatchError: every format computes other samples than the generator; a subclass of `InputError`.
    """
    directory, names = check_directory(directory), check_formats(formats)
    user_card = check_card({} if card is None else card)
    bounds, labels = check_value_range(value_range), check_class_names(class_names)
    integer("preview_seed", preview_seed, 0, MAX_SEED)
    rows = check_rows_per_call(rows_per_call, names)
    check_export_directory(directory, boolean("overwrite", overwrite))
    name, path = directory.resolve().name, _display_path(directory)
    check_utf8(directory, name, path)
    conditional = None
    if isinstance(generator, EGAN):
        conditional = generator.conditional
        latent = generator.latent if latent is None else latent
        is_image = len(generator.sample_shape) == IMAGE_AXES
        bounds = IMAGE_RANGE if bounds is None and is_image else bounds
        generator = generator.best_generator
    prepared = prepare_source(generator, latent_of(generator, latent), bounds, labels, conditional)
    source = dataclasses.replace(prepared, rows_per_call=rows)
    float32_copy = verify_source(source)
    with atomic_export(directory, overwrite) as partial:
        verification, failed = write_formats(names, source, partial)
        written = list(verification)
        if float32_copy is not None:
            verification["float32 copy of a reduced precision generator"] = float32_copy
        preview = _write_preview(source, partial, written, preview_seed)
        parameters = int(source.model.count_params())
        vectors = _sample_vectors(source)
        described = describe_export(name, source.spec, parameters, verification, preview, failed, vectors)
        _write_documents({**described, **user_card}, source, written, partial, path)
    for format_, reason in failed.items():
        log_line(f"{format_}: {reason}; wrote {' and '.join(written)}")
    return directory


def _sample_vectors(source: Source) -> dict[str, Any]:
    """Test vectors of the Keras model; the first two batches of the comparison hold enough of its noise."""
    batches = [run_on_cpu(source.model, *inputs) for inputs in verification_inputs(source.spec)[:2]]
    return sample_vectors(np.concatenate(batches), source.spec)


def _write_preview(source: Source, partial: Path, names: list[str], seed: int) -> dict[str, Any] | None:
    """Writes `samples.png`, from the first format that samples by seed, otherwise from the Keras model."""
    spec = source.spec
    if not spec.is_drawable:
        return None
    labels = preview_labels(spec)
    most = max_grid_images(spec) if spec.is_image else PREVIEW_COUNT
    count = min(PREVIEW_COUNT, most) if labels is None else len(labels)
    for name in names:
        samples = FORMATS[name].sample(partial, count, seed, labels)
        if samples is not None:
            made_with = name
            break
    else:
        made_with = "keras"
        samples = run_on_cpu(source.model, spec.rows(seed).draw(count), labels)
    rows = None if labels is None else len(set(labels.tolist()))
    picture(samples, spec, rows).save(partial / PREVIEW_FILE)
    return {"file": PREVIEW_FILE, "count": count, "seed": seed, "made_with": made_with}


def preview_labels(spec: SamplingSpec) -> np.ndarray | None:
    """The labels of a picture with a row for each class, int32; None for a generator without labels."""
    if not spec.classes:
        return None
    most = max_grid_images(spec) if spec.is_image else PREVIEW_CLASSES * PREVIEW_COLUMNS
    rows = min(spec.classes, PREVIEW_CLASSES, most)
    return np.repeat(np.arange(rows, dtype=np.int32), min(PREVIEW_COLUMNS, most // rows))


def _write_documents(card: dict[str, Any], source: Source, names: list[str], partial: Path, path: str) -> None:
    """Writes README and card: the README lists the SHA-256 of the other files, the card of those and the README."""
    formats = [format_ for name, format_ in FORMATS.items() if name in names]
    text = render_readme({**card, "files": file_table(partial)}, source.spec, formats, path)
    (partial / "README.md").write_text(text, encoding="utf-8")
    write_card({**card, "files": file_table(partial)}, partial)


def _display_path(directory: Path) -> str:
    """The path in the README: relative to the working directory if inside it, otherwise the bare name."""
    final = directory.resolve()
    try:
        return final.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):  # elsewhere, or the working directory was deleted
        return final.name
