"""Messages on the terminal that do not break the progress bar."""

from __future__ import annotations

import sys


def log_line(text: str) -> None:
    """Prints one line on stderr, above the progress bar if there is one."""
    line = " ".join(text.split())
    # If tqdm has not been imported, there is no progress bar.
    bars = sys.modules.get("tqdm.auto")
    if bars is None:
        print(line, file=sys.stderr)
    else:
        bars.tqdm.write(line, file=sys.stderr)
