"""`python -m egan_tf.sampling`."""

from __future__ import annotations

import sys

from egan_tf.sampling.command import cli

if __name__ == "__main__":
    sys.exit(cli())
