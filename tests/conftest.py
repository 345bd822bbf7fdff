"""Shared by all tests: quiet TensorFlow, one seed, small networks."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# With more, the BLAS threads of parallel test processes wait for each other: matrix products then take up to ten times
# as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    """Makes initial weights a function of the seed in every test."""
    if "no_tensorflow" not in request.keywords:
        import keras

        keras.utils.set_random_seed(1)
