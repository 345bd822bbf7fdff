from __future__ import annotations

import threading
import time

import pytest

from egan_tf.data import progress
from egan_tf.data.ordered_map import BLOCK, ordered_map, worker_count


def test_results_come_in_order_from_other_threads():
    def work(number):
        time.sleep(0.001 * (number % 3))
        return number, threading.current_thread()

    results = list(ordered_map(work, range(100)))
    assert [number for number, _ in results] == list(range(100))
    assert threading.current_thread() not in {thread for _, thread in results}


def test_items_are_read_a_few_blocks_ahead_only():
    read = []
    results = ordered_map(abs, (read.append(number) or number for number in range(10_000)))
    assert next(results) == 0
    assert len(read) <= (2 * worker_count() + 1) * BLOCK
    results.close()
    assert len(read) < 10_000


@pytest.mark.parametrize("at", [0, 500])
def test_an_error_ends_the_work(at):
    def work(number):
        if number == at:
            raise KeyError(number)
        return number

    with pytest.raises(KeyError):
        list(ordered_map(work, range(1000)))


def test_progress_of_seconds_is_silent(capsys):
    assert list(progress.with_progress(range(5), 5, "it")) == list(range(5))
    assert capsys.readouterr() == ("", "")


def test_progress_of_longer_work_is_a_line_now_and_then(capsys, monkeypatch):
    times = iter(range(0, 1000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    assert list(progress.with_progress(range(8), 8, "it: decoding")) == list(range(8))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "it: decoding: 0 of 8" and 1 < len(lines) < 8
