"""Trains the run of a trial: `egan-train` that saves a checkpoint and stops when its standard input closes."""

from __future__ import annotations

import os
import signal
import threading
from typing import NoReturn

from egan_tf.commands.train import cli


def main() -> NoReturn:
    """Trains as the arguments say."""
    threading.Thread(target=_stop_with_worker, daemon=True).start()
    cli()


def _stop_with_worker() -> None:
    """Waits for the worker to end, which holds the other end of the pipe; nothing is ever written to it."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
