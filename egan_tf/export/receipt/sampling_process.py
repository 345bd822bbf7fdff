"""Samples from one format in a process of its own, so that formats share no library, no weights and no fault."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from egan_tf.export.comparison import BATCH_SIZES, noise_problem, verification_inputs
from egan_tf.export.formats import FORMATS
from egan_tf.sampling.spec import SamplingSpec

SECONDS = 600
"""A format that takes longer has failed."""

# Isolated, Python neither reads its environment variables nor takes modules from the current folder.
_START = (
    "import json, sys; name, directory, out, path = sys.argv[1:]; sys.path[:] = json.loads(path); "
    "from egan_tf.export.receipt.sampling_process import write_samples; "
    "write_samples(name, directory, out, sys.stdin.read())"
)
_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}


class SamplingError(Exception):
    """A format does not load, or does not sample what its card says; the message is one line."""


class NotSampledError(SamplingError):
    """A format was not run, for a reason that lies in this machine."""


def samples_of(name: str, directory: Path, spec: SamplingSpec) -> np.ndarray:
    """The samples of a format for the inputs of the comparison, in a fresh process.

    Args:
        name: in `FORMATS`.
        directory: of the export.
        spec: of the generator.

    Returns:
        The samples of all batches, float32 [batches together, *made_shape].

    Raises:
        NotSampledError: it was not run.
        SamplingError: it does not load, does not sample, takes too long, or makes numbers of another type or shape.
    """
    samples = _run(name, directory, spec)
    expected = (sum(BATCH_SIZES), *FORMATS[name].made_shape(spec))
    if samples.dtype != np.float32 or samples.shape != expected:
        made = f"{samples.dtype} {list(samples.shape)}"
        raise SamplingError(f"makes {made} where the card says float32 {list(expected)}")
    return samples


def _run(name: str, directory: Path, spec: SamplingSpec) -> np.ndarray:
    """What a format makes in a fresh process."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        out = Path(folder) / "samples.npy"
        arguments = [name, str(_named_in_utf8(directory.resolve(), Path(folder))), str(out), json.dumps(_path())]
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _START, *arguments],
                # Names of classes may be too long for an argument. JSON is ASCII, whatever the locale of the process.
                input=json.dumps(spec.to_metadata()).encode("ascii"),
                capture_output=True,
                check=False,
                timeout=SECONDS,
                env={**os.environ, **_ENVIRONMENT},
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise SamplingError(f"does not finish within {SECONDS} s") from error
        if done.returncode:
            lines = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
            raise SamplingError(f"does not sample: {lines[-1] if lines else f'exit status {done.returncode}'}")
        try:
            samples: np.ndarray = np.load(out, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise SamplingError("does not sample: wrote no array") from error
    return samples


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


def write_samples(name: str, directory: str, out: str, metadata: str) -> None:
    """Writes the samples of a format as `.npy`, if its noise is that of the generator; runs in the fresh process.

    Args:
        name: in `FORMATS`.
        directory: of the export.
        out: the file to write.
        metadata: of the generator's `SamplingSpec`, as JSON.

    Raises:
        SamplingError: the format makes noise of a seed, but another one.
    """
    spec = SamplingSpec.from_metadata(json.loads(metadata))
    sample_fn = FORMATS[name].load(Path(directory))
    seeded = FORMATS[name].load_seeded(Path(directory))
    problem = "" if seeded is None else noise_problem(seeded.noise, spec)
    if problem:
        raise SamplingError(problem)
    np.save(out, np.concatenate([sample_fn(*inputs) for inputs in verification_inputs(spec)]), allow_pickle=False)


def _path() -> list[str]:
    """Where this process finds its modules; the current folder only where it is named, or holds this package."""
    found = [*(entry for entry in sys.path if entry), str(Path(__file__).parents[3])]
    with contextlib.suppress(FileNotFoundError):  # the current folder was deleted
        found = [str(Path(entry).resolve()) for entry in found]
    return found
