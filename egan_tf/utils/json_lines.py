"""A file of JSON records, one a line, that only grows."""

from __future__ import annotations

import contextlib
import json
import math
import os
from pathlib import Path
from typing import Any

from egan_tf.utils.log_line import log_line


class JsonLinesWriter:
    """Appends records to a JSONL file, and loses none where the disk is full for a while.

    What cannot be written is kept and tried again with the next record; a line stands in the file whole or not at
    all. A number that is not finite is written as null, as JSON has no other word for it.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        """Args: path: the file; what it holds already stays."""
        self.path = path
        self._pending: list[bytes] = []
        self._failing = False

    def append(self, record: dict[str, Any]) -> None:
        """Adds a record, now or as soon as it can be written."""
        self._pending.append(json.dumps(_finite(record), allow_nan=False).encode() + b"\n")
        self.flush()

    def flush(self) -> bool:
        """Writes what is waiting; returns whether all records stand in the file."""
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
        """Bytes in the file, on the disk and not merely on the way to it.

        Raises:
            OSError: some record could not be written yet.
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
        """Forgets the records after the first `size` bytes."""
        self._pending.clear()
        if self.path.exists() and self.path.stat().st_size > size:
            os.truncate(self.path, size)


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a log; what follows a line that is no record, such as one cut off, is left out."""
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
