"""Lines for the person at the terminal, beside the progress bar."""

from __future__ import annotations

import sys

from tqdm.auto import tqdm


def note(text: str) -> None:
    """Prints one line on stderr, above the progress bar if there is one."""
    tqdm.write(" ".join(text.split()), file=sys.stderr)
