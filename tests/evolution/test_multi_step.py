"""Several generations in one program."""

from __future__ import annotations

import logging

import pytest
import tensorflow as tf

from egan_tf import EGAN
from tests.evolution.networks import points


def test_sampling_inside_the_step_logs_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    egan = EGAN(*points())
    egan.compile(jit_compile=False, steps_per_execution=2)
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        tf.get_logger().addHandler(caplog.handler)
        egan.fit(lambda step, count: tf.zeros([count, 2]), batch_size=4, steps_per_epoch=2, verbose=0)
        tf.get_logger().removeHandler(caplog.handler)
    # TensorFlow counts retracing over all models of a process, so that one warning depends on the tests before.
    assert not [message for message in caplog.messages if "triggered tf.function retracing" not in message]
