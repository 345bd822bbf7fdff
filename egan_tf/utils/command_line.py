"""What the command lines share: quiet libraries, and errors of one line."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from egan_tf.utils.checks import InputError, RunError

Kind = TypeVar("Kind")

RUN_ERROR, USAGE_ERROR, INTERRUPTED = 1, 2, 130


class OneLineParser(argparse.ArgumentParser):
    """An argparse parser, for commands that must do without tyro, that refuses as every command here does."""

    def error(self, message: str) -> NoReturn:
        """Turns argparse's several lines into the one line of an `InputError`."""
        match = re.match(r"argument -*([\w-]+)[^:]*: (.*)", message, re.DOTALL)
        raise InputError(*(match.groups() if match else ("arguments", f"{message}; --help explains them")))


def parse(kind: Callable[..., Kind], arguments: Sequence[str], program: str, default: Any = None) -> Kind:
    """Reads a dataclass from flags, one for each field.

    Args:
        kind: the dataclass; the flags of nested ones carry no prefix.
        arguments: the command line, without the program's name.
        program: its name, for the help.
        default: an instance whose values stand where no flag does.

    Raises:
        InputError: for flags or values that do not fit.
        SystemExit: after printing the help.
    """
    import tyro

    complaint = io.StringIO()
    options: dict[str, Any] = {} if default is None else {"default": default}
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                kind,
                args=list(arguments),
                prog=program,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
                **options,
            )
    except SystemExit as exit_:
        if exit_.code in (0, None):
            raise
        sentence = _sentence(complaint.getvalue())
        # A dataclass refused a value itself, and said which.
        own = re.fullmatch(r"Error parsing [\w.]+: (\w+): (.*)", sentence)
        if own:
            raise InputError(own.group(1), own.group(2)) from None
        raise InputError("arguments", f"{sentence} (see --help)") from None


def _sentence(box: str) -> str:
    """The first paragraph of one of tyro's boxes."""
    lines = [re.sub(r"[╭╮╰╯│]", "", line).strip() for line in box.splitlines()]
    lines = [line for line in lines if line]
    body = [line for line in lines if not line.startswith("─")]
    if any("─" in line for line in lines[1:]):
        after_title = lines[1:]
        rule = next((i for i, line in enumerate(after_title) if line.startswith("─")), len(after_title))
        body = after_title[:rule]
    return " ".join(body)


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow without its notices on the terminal, some of which no setting turns off."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    terminal = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def run(main: Callable[[Sequence[str]], None], program: str) -> NoReturn:
    """Runs a command: what ends it becomes one line on stderr, and the exit status that is usual for it.

    2 for an `InputError`, 1 for a `RunError`, 130 for an interrupt.
    """
    try:
        main(sys.argv[1:])
    except InputError as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except RunError as error:
        print(f"{program}: error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(RUN_ERROR)
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(0)
