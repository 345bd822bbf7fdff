"""Records are appended complete, and none is lost while the disk is full."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from egan_tf.utils.json_lines import JsonLinesWriter, read_records


def test_records_come_back(tmp_path: Path) -> None:
    log = JsonLinesWriter(tmp_path / "sub" / "log.jsonl")
    log.append({"a": 1})
    log.append({"b": [math.nan, {"c": -math.inf}], "d": "é\n"})
    assert read_records(log.path) == [{"a": 1}, {"b": [None, {"c": None}], "d": "é\n"}]
    assert log.size() == log.path.stat().st_size


@pytest.mark.parametrize("tail", [b'{"a": 2', b"\xff\xfe", b"[1]\n", b"[" * 100_000, b"x" * (3 << 20) + b"\n"])
def test_reading_ends_at_the_first_invalid_line(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "log").write_bytes(b'{"a": 1}\n' + tail)
    assert read_records(tmp_path / "log") == [{"a": 1}]


def test_a_log_is_truncated_to_an_earlier_size(tmp_path: Path) -> None:
    log = JsonLinesWriter(tmp_path / "log")
    log.append({"a": 1})
    size = log.size()
    log.append({"a": 2})
    log.cut(size)
    assert read_records(log.path) == [{"a": 1}]
    log.append({"a": 3})
    assert read_records(log.path) == [{"a": 1}, {"a": 3}]
    JsonLinesWriter(tmp_path / "none").cut(0)


def test_records_wait_while_the_disk_is_full(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a full disk the file holds complete lines only; in the end it holds all records."""
    log = JsonLinesWriter(small_disk / "log")
    filling = small_disk / "filling"
    log.append({"number": 0})
    with filling.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(512))
    for number in range(1, 5):
        log.append({"number": number, "long": "x" * 3000})
        text = log.path.read_text()
        assert text.endswith("\n")
        assert all(json.loads(line) for line in text.splitlines())
    with pytest.raises(OSError, match="cannot be written"):
        log.size()
    filling.unlink()
    log.append({"number": 5})
    assert [record["number"] for record in read_records(log.path)] == list(range(6))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2, "once when it fails, once when it works again"
    assert "No space left" in said[0]


def test_a_file_whose_folder_vanished_is_made_again(tmp_path: Path) -> None:
    log = JsonLinesWriter(tmp_path / "sub" / "log")
    log.append({"a": 1})
    os.unlink(log.path)
    os.rmdir(tmp_path / "sub")
    log.append({"a": 2})
    assert read_records(log.path) == [{"a": 2}]


@pytest.mark.parametrize("tail", [b"{", b'{"a": 2', bytes(5000), b"x" * (3 << 20)])
def test_a_last_line_that_is_cut_off_hides_no_later_record(tmp_path: Path, tail: bytes) -> None:
    for before in (b"", b'{"a": 1}\n'):
        (tmp_path / "log").write_bytes(before + tail)
        log = JsonLinesWriter(tmp_path / "log")
        log.append({"a": 3})
        log.append({"a": 4})
        assert log.path.read_bytes() == before + b'{"a": 3}\n{"a": 4}\n'


def test_a_last_record_that_lacks_its_newline_only_is_kept(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{"a": 1}\n{"a": 2}')
    log = JsonLinesWriter(tmp_path / "log")
    log.append({"a": 3})
    assert read_records(log.path) == [{"a": 1}, {"a": 2}, {"a": 3}]
