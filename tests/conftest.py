"""Shared by all tests: quiet TensorFlow, one seed, small networks."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# With more, the BLAS threads of parallel test processes wait for each other: matrix products then take up to ten times
# as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _rows_not_measured() -> Iterator[None]:
    """Exports of the same weights are the same to the bit, whatever else the machine does; and none waits for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("egan_tf.export.formats.rows_per_call.measure", lambda model, spec: 32)
        yield


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_looked_for_where_it_is_new() -> Iterator[None]:
    """TensorFlow keeps millions of objects, which every full collection would go through in vain."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> None:
    """Makes initial weights a function of the seed in every test."""
    if "no_tensorflow" not in request.keywords:
        import keras

        keras.utils.set_random_seed(1)
