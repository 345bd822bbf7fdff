"""The share of the sampler is that of the best bare loop, whichever session that has, round by round."""

from __future__ import annotations

import pytest

from benchmarks.throughput import compared

SLOW = {"onnxruntime 32": [4.0, 4.0, 4.0], "saved_model 32": [9.0, 9.0, 9.0], "keras_predict 256": [9.0, 9.0, 9.0]}


@pytest.mark.parametrize("kind", ["onnxruntime", "onnxruntime_defaults"])
def test_the_best_of_both_bare_sessions_counts(kind: str) -> None:
    seconds = {"sampler 64": [2.0, 4.0, 1.0], "onnxruntime_defaults 32": [5.0, 5.0, 5.0], **SLOW}
    seconds[f"{kind} 128"] = [1.0, 3.0, 1.0]
    found = compared(seconds, count=12)
    assert found["sampler_share_of_best_onnxruntime"] == 0.75
    assert found["samples_per_second"]["sampler 64"] == 6
    assert found["best"][:2] == [f"{kind} 128", "sampler 64"]
