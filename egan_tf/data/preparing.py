"""Decodes the pictures of a source once, into images of one shape, and keeps them in the cache."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from egan_tf.data.cache import (
    Entry,
    entry_key,
    entry_path,
    make_room,
    needed_bytes,
    read_entry,
)
from egan_tf.data.decode_all import decode_into_memory, decode_to_disk
from egan_tf.data.decoding import quiet_decoding
from egan_tf.data.images import ImageDataset
from egan_tf.data.options import ImageOptions
from egan_tf.data.picture_source import PictureSource
from egan_tf.data.resolution import choose_sides, describe_choice
from egan_tf.data.skipped import check_strict, log_skipped
from egan_tf.data.source_errors import source_errors
from egan_tf.utils.checks import InputError
from egan_tf.utils.locks import LockedError, LocksUnsupportedError, path_lock
from egan_tf.utils.log_line import log_line

MIB = 2**20
GB = 10**9


def prepare(source: PictureSource, data_dir: Path, options: ImageOptions) -> ImageDataset:
    """The images of a source; decodes them unless the cache under `data_dir` has them.

    Pictures that cannot be used are left out, and named on stderr.

    Args:
        source: the pictures.
        data_dir: the cache is its folder "decoded". Where it cannot be written, sets that fit into memory are decoded
            at every start.
        options: shape, strictness and limits.

    Raises:
        InputError: no picture can be used, one cannot and `options.strict` is set, or there is no room for the images.
    """
    options = replace(
        options,
        resolution=options.resolution or source.resolution,
        channels=options.channels or source.channels,
    )
    ready = source.ready(options)
    if ready is not None:
        return ready.with_options(options)
    path = entry_path(data_dir, _key(source, options))
    entry = _whole(read_entry(path, options.memory_mb * MIB))
    decoded = entry is None
    if entry is None:
        with quiet_decoding():
            entry = _decode(source, path, options)
    skipped = entry.manifest.skipped
    check_strict(source.name, skipped, options.strict)
    log_skipped(source.name, skipped, len(source), in_full=decoded)
    if not entry.manifest.complete:
        log_line(f"{source.name}: some could not be read, and are tried again at the next start")
    shape = "x".join(map(str, entry.images.shape[1:]))
    left_out = f" {len(skipped):,} of {len(source):,} pictures could not be used." if skipped else ""
    description = f"{source.about.description} As {len(entry.images):,} images of {shape}.{left_out}"
    return ImageDataset(
        source.name,
        entry.images,
        entry.labels,
        source.class_names,
        replace(source.about, description=description),
        source.split,
        options=options,
        fingerprint=entry.manifest.fingerprint,
        skipped=skipped,
    )


def _key(source: PictureSource, options: ImageOptions) -> str:
    shape = {"resolution": options.resolution, "channels": options.channels, "keeps_shape": source.keeps_shape}
    with source_errors(source, "its key is no mapping of JSON values"):
        return entry_key({"source": dict(source.key), "split": source.split, "classes": source.class_names, **shape})


def _decode(source: PictureSource, path: Path, options: ImageOptions) -> Entry:
    shape = _image_shape(source, options)
    needed = needed_bytes(len(source), shape)
    fits = needed <= options.memory_mb * MIB
    lock = path.with_name(f".{path.name}.lock")
    try:
        _make_lock(lock, needed, options)
        with _alone(lock, source.name):
            entry = _whole(read_entry(path, options.memory_mb * MIB))  # another process may just have written it
            if entry is not None:
                return entry
            # Not before: what the other process writes would count twice, and other entries would go for it.
            _check_room(path.parent, needed, options)
            _to_disk(source, path, shape, needed)
    except _NoRoomError as error:
        if not fits:
            raise
        log_line(f"{source.name}: decoded into memory, and again at the next start ({error})")
        return decode_into_memory(source, shape)
    entry = read_entry(path, options.memory_mb * MIB)
    if entry is None:
        raise InputError("data_dir", f"{path.parent} does not keep what is written to it; choose another data_dir")
    return entry


def _whole(entry: Entry | None) -> Entry | None:
    """The entry, unless pictures are missing that may be readable now."""
    return entry if entry is not None and entry.manifest.complete else None


def _image_shape(source: PictureSource, options: ImageOptions) -> tuple[int, int, int]:
    if options.resolution is not None and options.channels is not None:
        return options.resolution, options.resolution, options.channels
    with source_errors(source, "survey() failed"):
        survey = source.survey()
        height, width = choose_sides(survey, options, source.keeps_shape)
    line = "" if source.keeps_shape or options.resolution is not None else describe_choice(survey, height)
    if line:
        log_line(f"{source.name}: {line}")
    return height, width, options.channels or survey.channels


class _NoRoomError(InputError):
    """The cache cannot hold the images, which may fit into memory."""


def _make_lock(lock: Path, needed: int, options: ImageOptions) -> None:
    """Makes the folder of the cache and the file of a lock, unless the cache may not hold `needed` bytes."""
    if needed > options.cache_gb * GB:
        more = f"{needed / GB:.2f} GB, and the cache holds at most {options.cache_gb:g} GB"
        raise _NoRoomError("cache_gb", f"the decoded images need {more}; raise --cache-gb or lower --resolution")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise _NoRoomError("data_dir", _disk_problem(lock.parent, needed, error)) from error


def _check_room(folder: Path, needed: int, options: ImageOptions) -> None:
    """Makes room in the cache; raises `_NoRoomError` if its disk cannot hold `needed` bytes."""
    try:
        make_room(folder, needed, options.cache_gb * GB)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise _NoRoomError("data_dir", _disk_problem(folder, needed, error)) from error
    if free < needed:
        raise _NoRoomError(
            "data_dir",
            f"the decoded images need {needed / GB:.2f} GB in {folder}, which has {free / GB:.2f} GB left; free some "
            "space, choose another data_dir or lower --resolution",
        )


def _to_disk(source: PictureSource, path: Path, shape: tuple[int, int, int], needed: int) -> None:
    try:
        decode_to_disk(source, path, shape)
    except OSError as error:
        raise InputError("data_dir", _disk_problem(path.parent, needed, error)) from error


@contextlib.contextmanager
def _alone(lock: Path, name: str) -> Iterator[None]:
    """Lets one process decode at a time. The lock saves work only: an entry appears whole in any case."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(LocksUnsupportedError, FileNotFoundError):
            try:
                stack.enter_context(path_lock(lock))
            except LockedError:
                log_line(f"{name}: waiting for another process, which decodes the same pictures")
                stack.enter_context(path_lock(lock, wait=True))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                lock.unlink()


def _disk_problem(folder: Path, needed: int, error: OSError) -> str:
    what = f"the decoded images ({needed / GB:.2f} GB) cannot be written to {folder}"
    return f"{what} ({error.strerror or error}); free some space or choose another data_dir"
