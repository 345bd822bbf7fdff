"""Pictures that a report gets on request, made with the generator that the run has exported."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL.Image import Image

from egan_tf.report.reading import parse_lines
from egan_tf.report.run_record import RunRecord
from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.sampling.memorization import compare
from egan_tf.sampling.nearest_files import DEFAULT_COUNT, DEFAULT_NEIGHBOURS, log_progress
from egan_tf.sampling.pictures import save_png
from egan_tf.sampling.sampler import Sampler
from egan_tf.sampling.training_images import OPTIONS, load_training_images
from egan_tf.sampling.walk_files import DEFAULT_COUNT as WALK_SAMPLES
from egan_tf.sampling.walk_files import walk_picture
from egan_tf.training import run_folder
from egan_tf.training.config import Config, from_dict
from egan_tf.training.export_place import export_dir
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.log_line import log_line
from egan_tf.utils.paths import user_path

MAX_PIXELS = 1 << 22
"""Of a picture in a page; of large images it shows fewer."""

MAX_EXPORTS = 10_000
WALK_STEPS = 9
SEED = 0


class LookGrid(NamedTuple):
    """A PNG as a data: URI, and its size in pixels."""

    uri: str
    width: int
    height: int


class Look(NamedTuple):
    """A section of the page: id, title, sentences, the picture, and its description for who cannot see it."""

    identity: str
    title: str
    text: str
    grid: LookGrid
    alt: str


def draw_nearest(record: RunRecord, folder: Path) -> Look:
    """Samples beside their nearest training images; logs how many pictures of the data set the page will hold.

    Raises:
        InputError: the run has no export of its own, of images, or its data set cannot be loaded.
    """
    config, sampler = _exported("nearest", record, folder)
    shape = sampler.spec.sample_shape
    require(sampler.spec.is_image, "nearest", f"takes a generator of images, not of samples of shape {shape}")
    # What a file names is not imported; whoever trusts it can type it for the other command.
    options = {name: getattr(config.data, name) for name in OPTIONS}
    data_dir = user_path("data_dir", config.data.data_dir)
    images = load_training_images(str(config.data.dataset), data_dir, shape, options, trusted=False)
    k = min(DEFAULT_NEIGHBOURS, len(images))
    count = min(DEFAULT_COUNT, max(1, MAX_PIXELS // ((k + 1) * shape[0] * shape[1])))
    conditioned = sampler.at([place % sampler.classes for place in range(count)]) if sampler.classes else sampler
    found = compare(conditioned, images, count, SEED, k, progress=log_progress(), flip=config.data.flip)
    held = len(np.unique(found.neighbours.indices % found.total))
    log_line(f"the page now holds {held:,} pictures of the data set {record.setting('data', 'dataset')}")
    text = (
        f"Each row: a sample of the exported generator (seed {SEED}), then the {k} training images nearest to it, by "
        f"Euclidean distance over pixel values from 0 to 255. {found.summary}."
    )
    return Look(
        "nearest", "Nearest training images", text, _embedded(found.picture()), "Samples and their nearest images"
    )


def draw_walk(record: RunRecord, folder: Path) -> Look:
    """Interpolations between samples.

    Raises:
        InputError: the run has no export of its own, or one of samples that cannot be drawn.
    """
    _, sampler = _exported("walk", record, folder)
    shape = sampler.spec.sample_shape
    require(sampler.spec.is_drawable, "walk", f"cannot draw samples of shape {shape}")
    rows = MAX_PIXELS // (WALK_STEPS * shape[0] * shape[1]) if sampler.spec.is_image else WALK_SAMPLES
    count = min(WALK_SAMPLES, max(2, rows + 1))
    conditioned = sampler.at(0) if sampler.classes else sampler
    of_class = f" of the class {sampler.class_names[0]}" if sampler.classes else ""
    picture = walk_picture(conditioned, WALK_STEPS, count, SEED)
    path = "along great circles" if sampler.distribution == "normal" else "in a Gaussian copula"
    kind = "row" if sampler.spec.is_image else "line"
    text = (
        f"Each {kind} leads from one sample{of_class} of the exported generator to the next (seed {SEED}) in "
        f"{WALK_STEPS} steps; the noise is interpolated {path}, so that every step is as likely as a sample."
    )
    return Look("walk", "Latent walk", text, _embedded(picture), "Samples and the steps between them")


LOOKS: dict[str, Callable[[RunRecord, Path], Look]] = {"nearest": draw_nearest, "walk": draw_walk}


def _exported(field: str, record: RunRecord, folder: Path) -> tuple[Config, Sampler]:
    """The run's configuration, and its exported generator."""
    require(bool(record.config), field, f"{folder} has no {run_folder.CONFIG} that names its export")
    config = from_dict(record.config, run_folder.CONFIG)
    directory = export_dir(config)
    advice = "start in the folder that the run was started in, or export it again"
    try:
        sampler = Sampler(directory)
    except InputError as error:
        raise InputError(field, f"the run's export cannot be sampled: {error.problem}; {advice}") from error
    cards = set(parse_lines(folder / run_folder.EVENTS, _card, MAX_EXPORTS, []))
    own = not cards or ((directory / CARD_FILE).is_file() and sha256_of(directory / CARD_FILE) in cards)
    require(own, field, f"{directory} is the export of another run; {advice}")
    return config, sampler


def _card(event: dict[str, object]) -> str | None:
    """The SHA-256 of the card, of an event that records an export."""
    found = event.get("card_sha256")
    return found if isinstance(found, str) else None


def _embedded(image: Image) -> LookGrid:
    content = io.BytesIO()
    save_png(image, content)
    return LookGrid("data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii"), *image.size)
