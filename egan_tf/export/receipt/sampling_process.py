"""Samples from one format in a fresh process, so that formats share no library, no weights and no fault."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from egan_tf.export.comparison import BATCH_SIZES, Bound, verification_inputs
from egan_tf.export.formats import FORMATS
from egan_tf.export.seeded_difference import SeededDifferenceError, seeded_difference
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import first_line

SECONDS = 600
"""A format that takes longer is not waited for: how long one takes depends on the machine."""

_OTHER, _UNABLE = 76, 77
"""Exit statuses of the process, which then says why in its last line: the format makes something else than it should;
the machine, and not the format, is why there are no samples."""

# Isolated, Python neither reads its environment variables nor takes modules from the current folder.
_START = (
    "import json, sys; name, directory, out, path = sys.argv[1:]; sys.path[:] = json.loads(path); "
    "from egan_tf.export.receipt.sampling_process import run_request; "
    "sys.exit(run_request(name, directory, out, sys.stdin.read()))"
)
_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}


class SamplingError(Exception):
    """A format does not load, or does not sample what its card says; the message is one line."""


class NotSampledError(SamplingError):
    """A format was not run, or not to its end, for a reason that lies in this machine."""


def samples_of(name: str, directory: Path, spec: SamplingSpec, bound: Bound) -> np.ndarray:
    """The samples of a format for the inputs of the comparison, in a fresh process.

    Args:
        name: in `FORMATS`.
        directory: of the export.
        spec: of the generator.
        bound: how much samples of a seed may differ from those of its noise, in units of `scale_of`.

    Returns:
        The samples of all batches, float32 [batches together, *made_shape].

    Raises:
        NotSampledError: it was not run, or not to its end, for want of a library, of memory, of time.
        SamplingError: it does not load, does not sample, or makes numbers of another type or shape, or other ones of
            a seed than of its noise.
    """
    samples = _run(name, directory, spec, bound)
    expected = (sum(BATCH_SIZES), *FORMATS[name].made_shape(spec))
    if samples.dtype != np.float32 or samples.shape != expected:
        made = f"{samples.dtype} {list(samples.shape)}"
        raise SamplingError(f"makes {made} where the card says float32 {list(expected)}")
    return samples


def _run(name: str, directory: Path, spec: SamplingSpec, bound: Bound) -> np.ndarray:
    """What a format makes in a fresh process."""
    with _temporary_folder() as folder:
        out = folder / "samples.npy"
        arguments = [name, str(_named_in_utf8(directory.resolve(), folder)), str(out), json.dumps(_path())]
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _START, *arguments],
                # Names of classes may be too long for an argument. JSON is ASCII, whatever the locale of the process.
                input=json.dumps([spec.to_metadata(), bound]).encode("ascii"),
                capture_output=True,
                check=False,
                timeout=SECONDS,
                env={**os.environ, **_ENVIRONMENT},
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise NotSampledError(f"does not finish within {SECONDS} s on this machine") from error
        except OSError as error:
            raise NotSampledError(f"no process can be started: {error.strerror or error}") from error
        _check_end(done.returncode, done.stderr)
        try:
            samples: np.ndarray = np.load(out, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise SamplingError("does not sample: wrote no array") from error
    return samples


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    except OSError as error:
        raise NotSampledError(f"no temporary folder can be made: {error.strerror or error}") from error
    with folder:
        yield Path(folder.name)


def _check_end(status: int, errors: bytes) -> None:
    """Raises the error of how a process ended, if not well. A signal says nothing of the format: want of memory, or a
    processor without an instruction of the library, end a process in the same way."""
    if status == 0:
        return
    if status < 0:
        raise NotSampledError(f"its process was ended by {_signal_name(-status)}, as for want of memory")
    lines = errors.decode("utf-8", "backslashreplace").strip().splitlines()
    last = lines[-1] if lines else f"exit status {status}"
    if status == _UNABLE:
        raise NotSampledError(last)
    if status == _OTHER:
        raise SamplingError(last)
    raise SamplingError(f"does not sample: {last}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of a real-time system has none
        return f"signal {number}"


def _named_in_utf8(directory: Path, folder: Path) -> Path:
    """The directory, or a link to it in `folder` if its path is not UTF-8, which TensorFlow cannot open."""
    try:
        str(directory).encode("utf-8")
    except UnicodeEncodeError:
        link = folder / "export"
        try:
            link.symlink_to(directory, target_is_directory=True)
        except (OSError, NotImplementedError) as error:
            raise NotSampledError("not loaded, as the path is not UTF-8 and no link to it can be made") from error
        return link
    return directory


def run_request(name: str, directory: str, out: str, request: str) -> int:
    """Does what `samples_of` asks of the fresh process; the exit status.

    Args:
        name: in `FORMATS`.
        directory: of the export.
        out: the file to write.
        request: the metadata of the generator's `SamplingSpec`, and the bound, as JSON.
    """
    metadata, bound = json.loads(request)
    try:
        write_samples(name, Path(directory), Path(out), SamplingSpec.from_metadata(metadata), Bound(*bound))
    except SamplingError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return _UNABLE if isinstance(error, NotSampledError) else _OTHER
    except MemoryError:
        print("too little memory to sample from it", file=sys.stderr)
        return _UNABLE
    return 0


def write_samples(name: str, directory: Path, out: Path, spec: SamplingSpec, bound: Bound) -> None:
    """Writes the samples of a format as `.npy`, if those of a seed are those of its noise.

    Args:
        name: in `FORMATS`.
        directory: of the export.
        out: the file to write.
        spec: of the generator.
        bound: of samples of a seed.

    Raises:
        NotSampledError: a library cannot be imported, or the file cannot be written.
        SamplingError: the format makes noise of a seed, but another one, or other samples or bytes of it.
    """
    # Before the format is loaded, as an error of an import must not count as one of its file.
    for package in FORMATS[name].packages:
        _import(package)
    sample_fn = FORMATS[name].load(directory)
    seeded = FORMATS[name].load_seeded(directory)
    if seeded is not None:
        try:
            seeded_difference(seeded, sample_fn, spec, bound)
        except SeededDifferenceError as error:
            raise SamplingError(str(error)) from error
    samples = np.concatenate([sample_fn(*inputs) for inputs in verification_inputs(spec)])
    try:
        np.save(out, samples, allow_pickle=False)
    except OSError as error:
        raise NotSampledError(f"its samples cannot be stored: {error.strerror or error}") from error


def _import(package: str) -> None:
    try:
        importlib.import_module(package)
    except (Exception, SystemExit) as error:  # libraries raise anything while they load
        raise NotSampledError(f"{package} is installed but cannot be imported: {first_line(error)}") from error


def _path() -> list[str]:
    """Where this process finds its modules; the current folder only where it is named, or holds this package."""
    found = [*(entry for entry in sys.path if entry), str(Path(__file__).parents[3])]
    with contextlib.suppress(FileNotFoundError):  # the current folder was deleted
        found = [str(Path(entry).resolve()) for entry in found]
    return found
