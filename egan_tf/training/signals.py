"""Stopping by signals: the first lets the generation finish, the second ends the process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from types import TracebackType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Signals:
    """Records the first SIGINT, SIGTERM or SIGHUP inside a `with` block; a second one ends the process at once.

    Python's C handler writes the signal's number into a socket that a thread reads, so that a second signal works while
    the main thread is inside a long call, such as a compilation. Outside the main thread, where Python handles no
    signals, nothing is recorded.

    Attributes:
        received: the number of the signal; None if there was none.
    """

    def __init__(self) -> None:
        """Installs nothing; `with` does."""
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        """Installs the handlers."""
        if threading.current_thread() is not threading.main_thread():
            return self
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            # A signal that is ignored, such as SIGHUP under nohup, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, lambda *_: None)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restores the previous handlers."""
        if not self._before:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._writer.close()
        self._thread.join()
        self._reader.close()

    def _listen(self) -> None:
        while numbers := self._reader.recv(1):
            number = numbers[0]
            if number not in self._before:
                continue
            if self.received is not None:
                os._exit(128 + number)
            self.received = number
            with contextlib.suppress(OSError):  # the terminal may be gone
                os.write(2, b"\nstopping after this generation, with a checkpoint; once more to leave at once\n")
