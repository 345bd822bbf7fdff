"""From a trained generator to a directory that others can use: written, read back, compared, then published."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.export import card as cards
from egan_tf.export import onnx_file, readme
from egan_tf.export.formats import FORMATS
from egan_tf.export.source import LatentLike, Source, prepare, run_on_cpu
from egan_tf.export.staging import check_place, staged
from egan_tf.export.verify import verify, verify_source
from egan_tf.sampling import Sampler
from egan_tf.sampling.pictures import picture
from egan_tf.utils.checks import InputError, integer, one_of, require

PREVIEW = "samples.png"
PREVIEW_COUNT = 64


def export_generator(
    generator: keras.Model,
    directory: str | os.PathLike[str],
    *,
    latent: LatentLike,
    value_range: Iterable[float] | None,
    card: Mapping[str, Any],
    formats: Iterable[str] = ("saved_model", "onnx"),
    overwrite: bool = False,
    preview_seed: int = 0,
) -> Path:
    """Exports a generator with its model card; the directory appears when all of it is verified, or not at all.

    It holds `saved_model/`, `generator.onnx`, `samples.png` (where samples can be drawn), `card.json`, `README.md`.
    Files compute in float32 and inference mode, whatever the precision of the generator; the batch is dynamic.

    Args:
        generator: a built Keras model of noise [batch, latent.size] alone, its last activation inside.
        directory: where to, such as `saved_models/NAME`; parents are made.
        latent: size and distribution ("normal" or "uniform") of the noise.
        value_range: lowest and highest value of a sample, (-1, 1) for images; None for unbounded points.
        card: what else the card says: description, data, config, steps, fitness, ... (values that JSON can hold).
        formats: names in `FORMATS`.
        overwrite: whether an earlier export in `directory` is replaced; nothing but an export ever is.
        preview_seed: seed of the samples in `samples.png`.

    Returns:
        `directory`.

    Raises:
        InputError: an argument cannot be used, or `directory` exists.
        ExportMismatchError: a file does not do what the generator does; an `InputError` too.
    """
    directory = Path(directory)
    formats, said = _check_formats(formats), cards.check_card(card)
    integer("preview_seed", preview_seed, minimum=0)
    check_place(directory, overwrite)
    source = prepare(generator, latent, value_range)
    reduced = verify_source(source)
    with staged(directory, overwrite) as partial:
        verification = {name: _write_verified(name, source, partial) for name in formats}
        if reduced is not None:
            verification["float32 copy of a reduced precision generator"] = reduced
        preview = _write_preview(source, partial, "onnx" in formats, preview_seed)
        own = cards.describe(directory.resolve().name, source.recipe, _parameters(source), verification, preview)
        _write_card({**own, **said}, partial, _shown(directory))
    return directory


def _check_formats(formats: Iterable[str]) -> list[str]:
    require(not isinstance(formats, str), "formats", f"must be a list of names, such as {list(FORMATS)}")
    names = list(dict.fromkeys(one_of("formats", name, FORMATS) for name in formats))
    require(bool(names), "formats", f"must name at least one of {', '.join(FORMATS)}")
    return names


def _write_verified(name: str, source: Source, partial: Path) -> dict[str, Any]:
    try:
        FORMATS[name].write(source, partial)
    except (OSError, tf.errors.OpError) as error:  # such as a full disk, which TensorFlow reports its own way
        raise InputError("name", f"cannot write the {name}: {error}") from error
    return verify(name, FORMATS[name].load(partial), source)


def _write_preview(source: Source, partial: Path, from_onnx: bool, seed: int) -> dict[str, Any] | None:
    recipe = source.recipe
    if not (recipe.is_image or recipe.is_point):
        return None
    if from_onnx:
        sampler = Sampler(partial / onnx_file.FILE)
        require(sampler.recipe == recipe, "metadata", f"read {sampler.recipe} where {recipe} was written")
        samples = sampler.sample(PREVIEW_COUNT, seed)
    else:
        noise = recipe.draw(np.random.Generator(np.random.Philox(seed)), PREVIEW_COUNT)
        samples = run_on_cpu(source.model, noise)
    picture(samples, recipe).save(partial / PREVIEW)
    return {"file": PREVIEW, "count": PREVIEW_COUNT, "seed": seed, "made_with": "onnx" if from_onnx else "keras"}


def _write_card(card: dict[str, Any], partial: Path, place: str) -> None:
    """The README shows the other files' sums, the card those and the README's own."""
    shown = {**card, "files": cards.file_table(partial)}
    (partial / "README.md").write_text(readme.render(shown, place), encoding="utf-8")
    cards.write({**card, "files": cards.file_table(partial)}, partial)


def _parameters(source: Source) -> int:
    return int(source.model.count_params())


def _shown(directory: Path) -> str:
    """The path that the README's lines use: from the working directory where it is inside, else the bare name."""
    final = directory.resolve()
    try:
        return final.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return final.name
