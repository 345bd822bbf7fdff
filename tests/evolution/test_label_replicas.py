"""Bad labels on two replicas: counted once, wherever they are, and harmless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KINDS = ("array", "dataset of batches", "generator", "function")


def said() -> dict[str, str]:
    """By kind of data, the error of `fit` on two replicas; two bad labels are in the second of three generations."""
    import numpy as np
    import tensorflow as tf

    from egan_tf import InputError
    from tests.evolution.kinds import BATCH, CLASSES, TOTAL, arguments, model, samples

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        egan = model(conditional=True)
    labels = (np.arange(3 * TOTAL) % CLASSES).astype("int32")
    labels[TOTAL + 2], labels[TOTAL + 3] = 7, -1
    found = {}
    for kind in KINDS:
        egan.generation.assign(0)
        words: dict[str, Any] = arguments(kind, samples(3 * TOTAL), labels)
        if kind == "function":
            words["steps_per_epoch"] = 3
        try:
            egan.fit(**words, batch_size=BATCH, verbose=0)
            found[kind] = "nothing"
        except InputError as error:
            found[kind] = str(error)
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    command = [sys.executable, "-c", f"import json; from {__name__} import said; print(json.dumps(said()))"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_label_is_told_on_several_replicas(kind: str, found: dict[str, str]) -> None:
    if kind in ("array", "generator"):
        assert found[kind] == "y: holds the label 7, but the networks take whole numbers from 0 to 3"
    else:
        counted = "y: holds 2 labels that are none of the networks' whole numbers from 0 to 3"
        assert found[kind] == f"{counted}, the first in generation 2"
