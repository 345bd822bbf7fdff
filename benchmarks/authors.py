"""The authors' PyTorch code in a separate process."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Authors:
    """Makes one generation of the authors' PyTorch code with every call."""

    def __init__(self, python: str, path: str, width: int, normalization: str, population_size: int) -> None:
        """Starts the process.

        Args:
            python: a Python that has PyTorch.
            path: a checkout of EvolutionaryGAN-pytorch.
            width: of the networks.
            normalization: in the discriminator, "none" or "batch".
            population_size: survivors of a generation.
        """
        worker = Path(__file__).with_name("authors_worker.py")
        arguments = [python, str(worker), path, str(width), normalization, str(population_size)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self) -> None:
        """One generation."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError("the authors' code stopped; its error is above")

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
