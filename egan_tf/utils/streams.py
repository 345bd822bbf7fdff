"""Standard output and error that cost no work: closed, full, or in an encoding that lacks a sign."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast


class LastingStream:
    """A text stream whose first failed write sends all later text to nowhere, instead of ending the program.

    A run outlives the terminal, the pipe or the disk that shows it.

    Attributes:
        error: of the write that failed; None if there was none.
    """

    def __init__(self, stream: TextIO) -> None:
        """Wraps a stream; whatever this class does not define is the stream's own."""
        self._stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Writes the text, or loses it."""
        with self._losing():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Writes what is buffered, or loses it."""
        with self._losing():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _losing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = self.error or error
            # What is still buffered would fail again when the interpreter exits.
            with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())


@contextlib.contextmanager
def lasting_streams() -> Iterator[tuple[LastingStream, LastingStream]]:
    """Makes `sys.stdout` and `sys.stderr` lasting inside the block, and yields them.

    A sign that the encoding lacks is written escaped. Descriptors 0, 1 and 2 that were closed lead to nowhere, so that
    no file gets their numbers, and with them what libraries write to the terminal.
    """
    _open_closed_descriptors()
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as opened:
        for name in ("stdout", "stderr"):
            # Python has None for a stream whose descriptor was closed.
            stream = getattr(sys, name) or opened.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, LastingStream(stream))
        try:
            yield cast("tuple[LastingStream, LastingStream]", (sys.stdout, sys.stderr))
        finally:
            sys.stdout, sys.stderr = before


def _open_closed_descriptors() -> None:
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is the one that was closed.
            os.open(os.devnull, os.O_RDWR)
