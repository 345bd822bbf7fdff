"""Append-only logs in JSON Lines: one record per line."""

from __future__ import annotations

import contextlib
import json
import math
import os
from pathlib import Path
from typing import Any

from egan_tf.utils.log_line import log_line


class JsonLinesWriter:
    """Appends records to a JSONL file, and loses none while the disk is full.

    A record that cannot be written is kept in memory and retried with the next one; the file holds complete lines
    only. Numbers that are not finite are written as null, because JSON cannot represent them.

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
        self._pending.append(json.dumps(_finite(record), allow_nan=False).encode() + b"\n")
        self.flush()

    def flush(self) -> bool:
        """Writes the pending records; returns True if all are in the file."""
        try:
            while self._pending:
                self._write(self._pending[0])
                self._pending.pop(0)
        except OSError as error:
            if not self._failing:
                log_line(f"cannot write {self.path}: {error.strerror or error}; the run goes on and will try again")
            self._failing = True
            return False
        if self._failing:
            log_line(f"{self.path} can be written again; no record is lost")
        self._failing = False
        return True

    def _write(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = os.fstat(descriptor).st_size
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


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a log, up to the first line that is no record, such as a truncated one."""
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(record, dict):
            break
        records.append(record)
    return records


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
