"""Samples from one format in a process of its own, so that formats share no library, no weights and no fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from egan_tf.export.comparison import noise_problem, verification_inputs
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
    """A format does not load, or does not sample; the message is one line."""


def samples_of(name: str, directory: Path, spec: SamplingSpec) -> np.ndarray:
    """The samples of a format for the inputs of the comparison, in a fresh process.

    Args:
        name: in `FORMATS`.
        directory: of the export.
        spec: of the generator.

    Returns:
        The samples of all batches, [batches together, ...].

    Raises:
        SamplingError: it does not load, does not sample, or takes too long.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        out = Path(folder) / "samples.npy"
        arguments = [name, str(directory.resolve()), str(out), json.dumps(_path())]
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
    from egan_tf.export.formats import FORMATS

    spec = SamplingSpec.from_metadata(json.loads(metadata))
    sample_fn = FORMATS[name].load(Path(directory))
    seeded = FORMATS[name].load_seeded(Path(directory))
    problem = "" if seeded is None else noise_problem(seeded.noise, spec)
    if problem:
        raise SamplingError(problem)
    np.save(out, np.concatenate([sample_fn(*inputs) for inputs in verification_inputs(spec)]), allow_pickle=False)


def _path() -> list[str]:
    """Where this process finds its modules; the current folder only where it is named, or holds this package."""
    return [*(str(Path(entry).resolve()) for entry in sys.path if entry), str(Path(__file__).resolve().parents[3])]
