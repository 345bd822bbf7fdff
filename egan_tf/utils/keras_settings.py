"""The settings of Keras that come from outside: environment variables and `keras.json`, perhaps another project's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from egan_tf.utils.checks import InputError, require

BACKEND = "tensorflow"


def import_keras_for_a_program() -> None:
    """Imports Keras as the programs of this package need it, whatever the settings of others are.

    A run then depends on its configuration only. Where Keras is imported already, it belongs to somebody else, and only
    its backend is checked.

    Raises:
        InputError: Keras cannot be imported, or has another backend.
    """
    if "keras" in sys.modules:
        check_backend()
        return
    os.environ["KERAS_BACKEND"] = BACKEND
    try:
        import keras
    except (ImportError, ValueError, TypeError, AttributeError, AssertionError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError("keras", f"cannot be imported: {reason}; see {_file()}") from error
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    # Variables of the environment that end `fit` early.
    for limit in ("set_max_epochs", "set_max_steps_per_epoch"):
        getattr(keras.config, limit, lambda value: None)(None)


def check_backend() -> None:
    """Refuses another backend than TensorFlow; asks Keras if it is imported, otherwise what Keras would read.

    Raises:
        InputError: there is another backend.
    """
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if hasattr(keras, "backend") else _chosen_backend()  # type: ignore[union-attr]
    problem = f"is {backend!r}, and egan_tf needs {BACKEND!r}; set it before Keras is imported"
    require(backend == BACKEND, "KERAS_BACKEND", problem)


def _chosen_backend() -> str:
    """As Keras: the environment variable, or the file, or TensorFlow."""
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    try:
        return str(json.loads(_file().read_text(encoding="utf-8")).get("backend", BACKEND))
    except (OSError, ValueError, AttributeError):
        return BACKEND


def _file() -> Path:
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
