"""Several generations in one program."""

from __future__ import annotations

import logging

import tensorflow as tf

from egan_tf import EGAN
from tests.evolution.networks import points


def test_drawing_inside_the_step_logs_no_warning(caplog):
    egan = EGAN(*points())
    egan.compile(jit_compile=False, steps_per_execution=2)
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        tf.get_logger().addHandler(caplog.handler)
        egan.fit(lambda step, count: tf.zeros([count, 2]), batch_size=4, steps_per_epoch=2, verbose=0)
        tf.get_logger().removeHandler(caplog.handler)
    assert not caplog.messages
