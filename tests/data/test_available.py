"""What is not there is refused before TensorFlow is imported, for every data set of the registry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from egan_tf.data import DATASETS, check_available, load
from egan_tf.utils.checks import InputError

ALWAYS = {"digits", "grid25", "patches", "ring8"}
"""Data sets that need no files but those of installed packages."""
ARGUMENTS = {
    "tfds": "oxford_flowers102",
    "folder": "absent",
    "lsun": "absent",
    "npy": "absent.npy",
    "npz": "absent.npz",
}
HEAVY = ("tensorflow", "tensorflow_datasets", "keras", "sklearn")
TIMEOUT = 30
"""Seconds until a test fails: 5 for the check, the rest for starting Python on a busy machine."""


def string_of(name: str, data_dir: Path) -> str:
    argument = ARGUMENTS.get(name, "")
    return f"{name}:{data_dir / argument if name != 'tfds' else argument}" if argument else name


def check(string: str, data_dir: Path, prelude: str = "") -> str:
    """Checks in a new process where no font, no package and no host exists; the message, "" if it passed."""
    code = f"""
import pathlib, socket, sys
from egan_tf.data import check_available, emoji, fashion_mnist, network
from egan_tf.utils.checks import InputError
absent = pathlib.Path({str(data_dir / "absent")!r})
emoji.DEBIAN_FONT = fashion_mnist.DEBIAN_DIR = absent
network.behind_proxy = lambda: False
{prelude}
try:
    check_available({string!r}, {str(data_dir)!r})
except InputError as error:
    print(error)
assert not set({HEAVY!r}) & set(sys.modules), "imported something heavy"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_not_there_is_refused_without_importing_tensorflow(name: str, tmp_path: Path) -> None:
    no_network = "def refuse(*_): raise OSError\nsocket.create_connection = refuse"
    message = check(string_of(name, tmp_path), tmp_path, no_network)
    if name in ALWAYS:
        assert message == ""
        return
    assert len(message.splitlines()) == 1 and message.startswith("dataset: ")
    assert str(tmp_path) in message, "it says where to put the data"
    assert not list(tmp_path.iterdir()), "a check writes nothing"


@pytest.mark.parametrize("name", ["tfds"])
def test_a_lookup_that_hangs_ends(name: str, tmp_path: Path) -> None:
    hangs = "import time\nsocket.create_connection = lambda *_: time.sleep(600)"
    assert "cannot be reached" in check(string_of(name, tmp_path), tmp_path, hangs)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("use", [check_available, load])
def test_a_folder_that_the_system_does_not_look_into_is_refused_in_one_line(
    name: str, use: Callable[..., object], tmp_path: Path
) -> None:
    place = tmp_path / ("x" * 300)  # a name too long, as folders without rights stop no administrator
    if name in ALWAYS:
        check_available(name, place)
        return
    with pytest.raises(InputError, match="File name too long") as refused:
        use(string_of(name, place), place)
    assert len(str(refused.value).splitlines()) == 1 and str(refused.value).startswith(("dataset: ", "data_dir: "))
