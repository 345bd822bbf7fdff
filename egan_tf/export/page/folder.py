"""Writes the page of a generator: one folder, complete or absent."""

from __future__ import annotations

import hashlib
import html
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from egan_tf import __version__
from egan_tf.export.folder_listing import OF_FILE_MANAGERS, list_folder
from egan_tf.export.page.credits import credits_of, describe_credits
from egan_tf.export.page.runtime import FILES, LICENSES, runtime_files
from egan_tf.sampling.complete_folders import PAGE_DATA, check_outside_exports, is_page
from egan_tf.sampling.integrity import read_card
from egan_tf.sampling.labels import number_texts
from egan_tf.sampling.model_file import ONNX_FILE
from egan_tf.sampling.noise import NOISE, NOISES
from egan_tf.sampling.sampler import Sampler
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.atomic import atomic_directory
from egan_tf.utils.checks import InputError, boolean, require

LICENSES_FILE = "LICENSES.txt"
TEMPLATES = ("page.css", "sampler.js", "walk.js", "page.js")
RUNTIME = "onnxruntime"
"""Folder of the files of onnxruntime-web in the page."""

PAGE_FORMAT = 1

_OWN = {PAGE_DATA, ONNX_FILE, "index.html", "noise.js", LICENSES_FILE, *TEMPLATES}
_ENTRIES = {*_OWN, RUNTIME, *(f"{RUNTIME}/{name}" for name in (*FILES, *LICENSES))}
"""What a page consists of, by relative path."""
_IGNORED = {OF_FILE_MANAGERS, f"{RUNTIME}/{OF_FILE_MANAGERS}"}


def write_page(
    path: Path, out: Path | None, package: Path | None, cache: Path, overwrite: bool = False
) -> tuple[Path, int]:
    """Writes a folder that samples from an exported generator in a browser, and requests nothing else.

    Args:
        path: an ONNX file of an export, or its directory.
        out: the folder to write; None for `pages/NAME`, with the name of the export.
        package: an unpacked npm package onnxruntime-web; None for the pinned version, fetched by npm.
        cache: keeps the pinned version.
        overwrite: replaces an earlier page.

    Returns:
        The folder, and its bytes.

    Raises:
        InputError: the export cannot be opened, its samples are no images, its noise is of an earlier version,
            onnxruntime-web cannot be had, or the folder cannot be written.
    """
    boolean("overwrite", overwrite)
    sampler = Sampler(path)
    _check_spec(sampler.spec, sampler.path)
    name = sampler.path.resolve().parent.name or sampler.path.stem
    folder = out or Path("pages") / name
    # The folder may have any name; what the page shows is UTF-8.
    name = name.encode("utf-8", "replace").decode("utf-8")
    try:
        final = folder.resolve()
        _check_folder(final, overwrite)
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # also links in a circle, and null characters
        raise InputError("out", f"cannot write {folder}: {getattr(error, 'strerror', None) or error}") from error
    data = page_data(name, sampler)
    files = {
        **{f"{RUNTIME}/{file}": content for file, content in runtime_files(package, cache).items()},
        **_own_files(name, describe_credits(data)),
        ONNX_FILE: _same_bytes(sampler),
        PAGE_DATA: (json.dumps(data, indent=1, allow_nan=False) + "\n").encode(),
    }
    _write(final, files, overwrite)
    return folder, sum(map(len, files.values()))


def page_data(name: str, sampler: Sampler) -> dict[str, Any]:
    """What the page has to know of its generator, as JSON values; onnxruntime-web does not show metadata of files."""
    spec = sampler.spec
    return {
        "page": PAGE_FORMAT,
        "egan_tf": __version__,
        "name": name,
        "sha256": sampler.sha256,
        **credits_of(read_card(sampler.path.parent)),
        "latent_size": spec.latent_size,
        "sample_shape": list(spec.sample_shape),
        "value_range": list(spec.value_range or (-1.0, 1.0)),
        "classes": spec.classes,
        "class_names": list(spec.class_names),
        "class_numbers": number_texts(spec),
        "noise": {
            "name": spec.noise,
            "version": NOISES[spec.noise].version,
            "distribution": spec.distribution,
            "test_vectors": spec.noise_vectors,
        },
    }


def _check_spec(spec: SamplingSpec, path: Path) -> None:
    shape = f"samples of shape {list(spec.sample_shape)}"
    require(spec.is_image, "path", f"{path} makes {shape}, which a page cannot draw: it draws images")
    problem = f"{path} has the noise {spec.noise}, which browsers cannot make; export the run again for {NOISE}"
    require(spec.noise == NOISE, "path", problem)


def _same_bytes(sampler: Sampler) -> bytes:
    """The content of the file that the sampler opened."""
    content = sampler.path.read_bytes()
    same = hashlib.sha256(content).hexdigest() == sampler.sha256
    require(same, "path", f"{sampler.path} changed while it was read; try again")
    return content


def _own_files(name: str, credits: Sequence[str]) -> dict[str, bytes]:
    templates = importlib.resources.files("egan_tf.export.page") / "templates"
    noise = importlib.resources.files("egan_tf.sampling") / "noise.js"
    index = Template((templates / "index.html").read_text(encoding="utf-8"))
    licenses = Template((templates / LICENSES_FILE).read_text(encoding="utf-8"))
    shown = {
        "name": html.escape(name),
        "version": html.escape(__version__),
        "credits": "<br>\n".join(map(html.escape, credits)),
    }
    return {
        "index.html": index.substitute(shown).encode(),
        "noise.js": noise.read_bytes(),
        LICENSES_FILE: licenses.substitute(credits="\n".join(f"    {line}" for line in credits)).encode(),
        **{file: (templates / file).read_bytes() for file in TEMPLATES},
    }


def _check_folder(final: Path, overwrite: bool) -> None:
    """Refuses a folder that holds anything but a page, and one in an export or another page.

    Raises:
        InputError: the folder must not be written.
        OSError: it cannot be read.
    """
    check_outside_exports("out", final, strict=True)
    if not final.exists() or (final.is_dir() and {path.name for path in final.iterdir()} <= _IGNORED):
        return
    require(is_page(final), "out", f"{final} exists and is no page of egan_tf; choose another folder")
    require(overwrite, "out", f"{final} exists; --overwrite replaces it")
    listing = list_folder(final)
    for path, reason in listing.unreadable.items():
        raise InputError("out", f"cannot read {final / path}: {reason}; move that away first")
    others = sorted((listing.files | listing.folders) - _ENTRIES - _IGNORED)
    problem = f"{final} holds {', '.join(others[:3])}, not of the page; move that away first"
    require(not others, "out", problem)


def _write(final: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with atomic_directory(final, lambda: _check_folder(final, overwrite)) as partial:
            (partial / RUNTIME).mkdir()
            for name, content in files.items():
                (partial / name).write_bytes(content)
    except OSError as error:
        raise InputError("out", f"cannot write {final}: {error.strerror or error}") from error
