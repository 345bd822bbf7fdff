"""Append-only logs in JSON Lines: one record per line."""

from __future__ import annotations

import contextlib
import enum
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egan_tf.utils.log_line import log_line

MAX_LINE = 1 << 20
MAX_BYTES = 256 << 20


class JsonLinesWriter:
    """Appends records to a JSONL file; none is lost while the disk is full.

    A record that cannot be written is kept in memory and retried with the next one; the file holds complete lines
    only. A last line that a power cut has left incomplete is removed before another is written. Numbers that are not
    finite are written as null, because JSON cannot represent them.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        """Args: path: the file; existing records stay."""
        self.path = path
        self._pending: list[bytes] = []
        self._failing = False

    def append(self, record: dict[str, Any]) -> None:
        """Writes a record now, or as soon as the disk allows."""
        self._pending.append(json.dumps(finite(record), allow_nan=False).encode() + b"\n")
        self.flush()

    def flush(self) -> bool:
        """Writes the pending records; returns True if all are in the file."""
        try:
            while self._pending:
                self._write(self._pending[0])
                self._pending.pop(0)
        except OSError as error:
            if not self._failing:
                log_line(f"cannot write {self.path}: {error.strerror or error}; the run continues and will try again")
            self._failing = True
            return False
        if self._failing:
            log_line(f"{self.path} can be written again; no record is lost")
        self._failing = False
        return True

    def _write(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = _end_of_lines(descriptor)
            try:
                written = os.write(descriptor, line)
                if written < len(line):
                    os.write(descriptor, line[written:])
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

    def size(self) -> int:
        """The size of the file in bytes, after an fsync.

        Raises:
            OSError: some records could not be written yet.
        """
        if not self.flush():
            raise OSError(f"{self.path} cannot be written")
        if not self.path.exists():
            return 0
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def cut(self, size: int) -> None:
        """Truncates the file to its first `size` bytes and drops pending records."""
        self._pending.clear()
        if self.path.exists() and self.path.stat().st_size > size:
            os.truncate(self.path, size)


class LineError(enum.Enum):
    """Why a line yields no record. The value is a sentence with a placeholder for the name of the file."""

    INVALID = "A line of {} is not a JSON object"
    CUT_OFF = "The last line of {} is cut off"
    TOO_LARGE = "{} is too large to be read to its end"


def iterate_records(path: Path) -> Iterator[dict[str, Any] | LineError]:
    """Yields the records of a JSONL file that may be damaged, huge or hostile, in bounded memory.

    Reads at most `MAX_BYTES`. Anything but a regular file counts as empty, because a pipe could block forever.

    Yields:
        A record, or the reason why the line holds none.

    Raises:
        OSError: the file cannot be read.
    """
    if not path.is_file():
        return
    remaining, inside_long_line = MAX_BYTES, False
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            remaining -= len(line)
            if remaining < 0:
                yield LineError.TOO_LARGE
                return
            continued = len(line) == MAX_LINE and not line.endswith(b"\n")
            if continued and not inside_long_line:
                yield LineError.INVALID
            elif not continued and not inside_long_line and line.strip():
                yield _parse(line)
            inside_long_line = continued


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a log up to the first line without a record, such as one that a killed process left incomplete.

    Raises:
        OSError: the file cannot be read.
    """
    records = []
    for record in iterate_records(path):
        if isinstance(record, LineError):
            break
        records.append(record)
    return records


def _end_of_lines(descriptor: int) -> int:
    """Removes a last line without a record, or ends one that lacks its newline only; returns the size of the file."""
    size = start = os.fstat(descriptor).st_size
    tail = b""
    while start and b"\n" not in tail:
        step = min(len(tail) or 1, start)  # one byte of a whole line, and more and more of another
        start -= step
        os.lseek(descriptor, start, os.SEEK_SET)
        tail = os.read(descriptor, step) + tail
    line = tail.rpartition(b"\n")[2]
    if not line:
        return size
    if isinstance(_parse(line), dict):
        return size + os.write(descriptor, b"\n")
    os.ftruncate(descriptor, size - len(line))
    return size - len(line)


def _parse(line: bytes) -> dict[str, Any] | LineError:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return LineError.INVALID if line.endswith(b"\n") else LineError.CUT_OFF
    return value if isinstance(value, dict) else LineError.INVALID


def finite(value: Any) -> Any:
    """A JSON value with None for the numbers that JSON cannot represent, NaN and the infinities."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
