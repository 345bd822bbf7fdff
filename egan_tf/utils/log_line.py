"""Lines for the person at the terminal, beside the progress bar."""

from __future__ import annotations

import sys


def log_line(text: str) -> None:
    """Prints one line on stderr, above the progress bar if there is one."""
    line = " ".join(text.split())
    # Where nothing has loaded the progress bar, there is none, and it need not be installed.
    bars = sys.modules.get("tqdm.auto")
    if bars is None:
        print(line, file=sys.stderr)
    else:
        bars.tqdm.write(line, file=sys.stderr)
