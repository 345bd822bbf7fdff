"""Shared by all commands: one-line errors, `--version`, missing packages, and quiet libraries."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from egan_tf.utils.checks import InputError, RunError
from egan_tf.utils.keras_settings import import_keras_for_a_program
from egan_tf.utils.streams import lasting_streams

RUN_ERROR, USAGE_ERROR, INTERRUPTED = 1, 2, 130
TRAINING_PACKAGES = (
    "tensorflow",
    "keras",
    "pydantic",
    "tensorflow_datasets",
    "importlib_resources",
    "onnx",
    "tf2onnx",
    "matplotlib",
    "jinja2",
    "sklearn",
    "tensorboard",
    "tqdm",
)
"""Import names of the packages that the extra `train` installs."""

_SCRIPTS = {"train": "train_tf.py", "export": "export.py"}
_MODULES = {"sample": "egan_tf.sampling", "report": "egan_tf.report", "search": "egan_tf.commands.search"}


class OneLineParser(argparse.ArgumentParser):
    """An argparse parser with `--version`, without abbreviations, and with errors as `InputError`."""

    def __init__(self, **options: Any) -> None:
        """Takes the options of an argparse parser."""
        super().__init__(**{"allow_abbrev": False, **options})
        self.add_argument("--version", action="version", version=version_line(), help="print the version and exit")

    def error(self, message: str) -> NoReturn:
        """Raises argparse's error as an `InputError` of one line."""
        match = re.match(r"argument -*([\w-]+)[^:]*: (.*)", message, re.DOTALL)
        if match:
            raise InputError(match[1].replace("-", "_"), match[2])
        raise InputError("arguments", f"{message}; --help explains them")


def version_line() -> str:
    """The name and version of the package."""
    from egan_tf import __version__

    return f"egan_tf {__version__}"


def program(command: str) -> str:
    """How to call a command in the way this one was called: `python train_tf.py`, or the installed `egan-train`.

    Args:
        command: "train", "export", "sample", "report" or "search".
    """
    started = Path(sys.argv[0])
    in_package = started.parent.parent.name == "egan_tf"
    if started.name in _SCRIPTS.values() and not in_package:
        script = _SCRIPTS.get(command)
        return f"python {script}" if script else f"python -m {_MODULES[command]}"
    if command in _MODULES and in_package and started.name in ("__main__.py", f"{command}.py"):
        return f"python -m {_MODULES[command]}"
    return f"egan-{command}"


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow and Keras without messages on stderr, some of which no setting turns off.

    Raises:
        InputError: Keras cannot be imported, or has another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    terminal = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import_keras_for_a_program()
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def run(
    main: Callable[[Sequence[str]], int | None], command: str, needs: Sequence[str] = (), extras: str = "train"
) -> NoReturn:
    """Runs a command and exits. Errors become one line on stderr.

    The exit status is 2 for an `InputError`, 1 for a `RunError` or if standard output cannot be written, 130 for an
    interrupt. A closed pipe is no error.

    Args:
        main: takes the arguments; returns the exit status, None for 0.
        command: "train", "export", "sample", "report" or "search".
        needs: packages that the command needs for everything but `--version`.
        extras: the extras of this package that install them.
    """
    name = program(command)
    name = name.removeprefix("python ") if name.endswith(".py") else name
    with lasting_streams() as (output, notices):
        status = _status(main, name, needs, extras)
        output.flush()
        if output.error is not None and not isinstance(output.error, BrokenPipeError):
            print(f"{name}: error: cannot write the output: {output.error.strerror}", file=sys.stderr)
            status = status or RUN_ERROR
        notices.flush()
    sys.exit(status)


def _status(main: Callable[[Sequence[str]], int | None], name: str, needs: Sequence[str], extras: str) -> int:
    """Runs a command; the exit status."""
    try:
        arguments = sys.argv[1:]
        if "--version" in arguments:
            print(version_line())
            return 0
        missing = [package for package in needs if importlib.util.find_spec(package) is None]
        if missing:
            problem = f"{name} needs packages that are not installed ({', '.join(missing)})"
            raise InputError("install", f"{problem}: pip install 'egan_tf[{extras}]'")
        return main(arguments) or 0
    except InputError as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except RunError as error:
        print(f"{name}: error: {' '.join(str(error).split())}", file=sys.stderr)
        return RUN_ERROR
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as stop:
        if isinstance(stop.code, str):
            raise
        return int(stop.code or 0)  # argparse, after printing the help
