"""`egan-train --clear-cache`: empties the cache of decoded pictures."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from egan_tf.commands.ignored import check_alone
from egan_tf.utils.checks import InputError
from egan_tf.utils.paths import user_path


def clear_cache(options: argparse.Namespace) -> NoReturn:
    """Empties the cache in the folder of the data, prints what that freed, and exits.

    Args:
        options: of `egan-train`; only `--data-dir` may be given besides.

    Raises:
        InputError: something else was given, or the cache cannot be changed.
        SystemExit: at the end.
    """
    from egan_tf.data import clear_cache as clear
    from egan_tf.training.config import Config

    check_alone(options, "clear_cache", "data_dir")
    data_dir = getattr(options, "data_dir", Config().data.data_dir)
    try:
        freed = clear(data_dir)
    except OSError as error:
        raise InputError("data_dir", f"{data_dir} cannot be changed: {error.strerror or error}") from error
    print(f"freed {freed / 1e6:,.1f} MB in {user_path('data_dir', data_dir) / 'decoded'}")
    sys.exit(0)
