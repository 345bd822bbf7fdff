"""The files of onnxruntime-web that a page carries: of an unpacked npm package, or of the pinned one, by npm."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.regular_files import read_regular_file

PACKAGE, VERSION = "onnxruntime-web", "1.22.0"
INTEGRITY = "sha512-Ud/+EBo6mhuaQWt/OjaOk0iNWjXqJoeeMFr6xQEERZdIZH2OWpGzuujz7lfuOBjUa6TEE/sc4nb7Da5dNL34fg=="
"""Of the package's archive, as the npm registry states it."""

FILES = {
    "ort.wasm.min.js": "dist/ort.wasm.min.js",
    # Some file servers know no type for .mjs, and browsers refuse modules without a JavaScript type.
    "ort-wasm.js": "dist/ort-wasm-simd-threaded.mjs",
    "ort-wasm.wasm": "dist/ort-wasm-simd-threaded.wasm",
}
"""Names in the page, and paths in the package: the build for WebAssembly alone, a seventh of the package."""

LICENSES = ("LICENSE", "ThirdPartyNotices.txt")
"""Not in the npm package; the Python package of the same project has them."""

MAX_BYTES = 1 << 28
_SECONDS = 600
_REMEDY = f"run `npm pack {PACKAGE}@{VERSION}` elsewhere, unpack it, and give --onnxruntime-web DIR/package"


def runtime_files(package: Path | None, cache: Path) -> dict[str, bytes]:
    """The files of onnxruntime-web, with licences, by their names in the page.

    Args:
        package: the folder of an unpacked npm package, of any version; None for the pinned version.
        cache: folder that keeps the archive of the pinned version.

    Raises:
        InputError: the package cannot be read or fetched, or is not the pinned one.
    """
    return {**(_pinned(cache) if package is None else _unpacked(package)), **_licenses(package)}


def _unpacked(package: Path) -> dict[str, bytes]:
    return {name: _read(package / path) for name, path in FILES.items()}


def _read(path: Path) -> bytes:
    try:
        return read_regular_file(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problem = f"cannot read {path}: {reason or error}; it must be an unpacked npm package {PACKAGE}"
        raise InputError("onnxruntime_web", problem) from error


def _licenses(package: Path | None) -> dict[str, bytes]:
    """The licence and the notices: those beside the package if it has both, else those of the Python package."""
    if package is not None and all((package / name).is_file() for name in LICENSES):
        return {name: _read(package / name) for name in LICENSES}
    found = importlib.util.find_spec("onnxruntime")
    folder = Path(found.origin).parent if found is not None and found.origin else Path()
    missing = [name for name in LICENSES if not (folder / name).is_file()]
    problem = f"no {' and no '.join(missing)} in {folder}: a page must carry them; install onnxruntime from PyPI"
    require(not missing, "install", problem)
    return {name: _read(folder / name) for name in LICENSES}


def _pinned(cache: Path) -> dict[str, bytes]:
    archive = cache / f"{PACKAGE}-{VERSION}.tgz"
    content = _cached(archive)
    if content is None:
        content = _fetch()
        require(_is_pinned(content), "onnxruntime_web", f"npm gave another {PACKAGE} {VERSION} than {INTEGRITY}")
        try:
            cache.mkdir(parents=True, exist_ok=True)
            atomic_write(archive, content)
        except OSError as error:
            raise InputError("data_dir", f"cannot write {archive}: {error.strerror or error}") from error
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as opened:
        members = {name: opened.extractfile(f"package/{path}") for name, path in FILES.items()}
        return {name: member.read() for name, member in members.items() if member is not None}


def _cached(archive: Path) -> bytes | None:
    """The archive in the cache; None if there is none, or a damaged one, which is fetched again."""
    try:
        content = read_regular_file(archive, MAX_BYTES)
    except (OSError, ValueError):
        return None
    return content if _is_pinned(content) else None


def _is_pinned(content: bytes) -> bool:
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode('ascii')}" == INTEGRITY


def _fetch() -> bytes:
    """The archive of the pinned version, by npm with its own settings."""
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("onnxruntime_web", f"npm, which fetches {PACKAGE}, is not installed; {_REMEDY}")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--pack-destination", folder]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise InputError("onnxruntime_web", f"npm took longer than {_SECONDS} s; {_REMEDY}") from error
        archive = Path(folder) / f"{PACKAGE}-{VERSION}.tgz"
        if done.returncode or not archive.is_file():
            lines = [line for line in done.stderr.decode(errors="replace").splitlines() if " code " in line]
            reason = lines[0].split()[-1] if lines else f"status {done.returncode}"
            raise InputError("onnxruntime_web", f"npm could not fetch {PACKAGE} {VERSION} ({reason}); {_REMEDY}")
        return archive.read_bytes()
