"""Networks of the user: what their function gets, what is refused, and the whole line from a flag to an export."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from egan_tf import InputError, Sampler
from egan_tf.commands import export as export_command
from egan_tf.commands import train as train_command
from egan_tf.networks.user import call_user_networks
from egan_tf.training.build import build
from egan_tf.training.config import Config
from egan_tf.training.config_file import read_config
from egan_tf.utils.user_code import UserCode
from tests.training.short import folder_of, short

VALUES = {
    "sample_shape": (2,),
    "width": 3,
    "generator_normalization": "auto",
    "discriminator_normalization": "batch",
    "latent_size": 4,
}
DEFAULTS = {name: [value] for name, value in VALUES.items() if name != "sample_shape"}


def nets(sample_shape: tuple[int, ...] = (2,), latent_size: int = 32, width: int = 4) -> tuple[Any, Any]:
    dense = keras.layers.Dense
    generator = keras.Sequential(
        [
            keras.Input((latent_size,)),
            dense(width, "relu"),
            dense(int(np.prod(sample_shape))),
            keras.layers.Reshape(sample_shape),
        ]
    )
    return generator, keras.Sequential(
        [keras.Input(sample_shape), keras.layers.Flatten(), dense(width, "relu"), dense(1)]
    )


def received(signature: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a function with this signature gets."""
    found: dict[str, Any] = {}
    scope: dict[str, Any] = {"found": found, "nets": nets}
    names = [part.strip(" *").split("=")[0] for part in signature.split(",")]
    body = ", ".join(f"{name!r}: {name}" for name in names if name not in ("", "/"))
    exec(f"def function({signature}):\n    found.update({{{body}}})\n    return nets()", scope)
    call_user_networks(scope["function"], "m:f", values or VALUES, DEFAULTS)
    return found


def test_a_function_gets_what_its_signature_has() -> None:
    assert received("width") == {"width": 3}
    assert received("sample_shape, *, latent_size=1") == {"sample_shape": (2,), "latent_size": 4}
    assert received("") == {}
    assert received("depth=7") == {"depth": 7}
    everything = {name: value for name, value in VALUES.items() if value != "auto"}
    assert received("**options") == {"options": everything}


def test_auto_is_left_to_the_default_of_the_function() -> None:
    assert received("generator_normalization='own'") == {"generator_normalization": "own"}
    assert received("generator_normalization") == {"generator_normalization": "auto"}
    assert received("discriminator_normalization='own'") == {"discriminator_normalization": "batch"}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_setting_that_the_function_does_not_take_is_refused_unless_it_is_at_its_default(name: str) -> None:
    call_user_networks(lambda: nets(), "m:f", VALUES, DEFAULTS)
    changed = {**VALUES, name: "spectral" if isinstance(VALUES[name], str) else 5}
    with pytest.raises(InputError, match=f"^{name}: m:f takes no {name}; leave it at .*, got "):
        call_user_networks(lambda: nets(), "m:f", changed, DEFAULTS)


def failing() -> Any:
    raise KeyError("first\nsecond")


def positional(width: int, /) -> Any:
    return nets()


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "nothing": (lambda: None, "must return .*got NoneType$"),
    "one network": (lambda: nets()[0], "must return .*got Sequential$"),
    "three networks": (lambda: (*nets(), nets()[0]), r"two keras.Model, got \(Sequential, Sequential, Sequential\)$"),
    "no networks": (lambda: (1, nets()[1]), r"two keras.Model, got \(int, Sequential\)$"),
    "needs more": (
        lambda width, depth: nets(),
        "m:f needs an argument depth; it can have, by keyword, sample_sh",
    ),
    "by position": (positional, "m:f needs an argument width"),
    "fails": (failing, "m:f failed: KeyError: 'first"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_functions_that_cannot_serve_are_refused(name: str) -> None:
    function, words = REFUSED[name]
    with pytest.raises(InputError, match=f"^network: .*{words}") as caught:
        call_user_networks(function, "m:f", VALUES, DEFAULTS)
    assert "\n" not in str(caught.value)


def built(function: Callable[..., Any], **network: Any) -> Any:
    config = Config().replace(
        run={"preset": "ring8"}, network={"network": "users:it", **network}, evolution={"mutations": ("heuristic",)}
    )
    return build(config, (2,), code=UserCode({"users:it": function}, {}))


def test_the_defaults_are_those_of_the_class_and_of_the_preset() -> None:
    assert built(lambda: nets(), width=32).sample_shape == (2,)
    assert built(lambda: nets(), width=128, latent_size=2).latent.size == 32
    with pytest.raises(InputError, match="^width: users:it takes no width; leave it at 32 or 128, got 64$"):
        built(lambda: nets(), width=64)


def test_networks_must_fit_the_data_and_the_noise() -> None:
    with pytest.raises(InputError, match=r"^network: users:it makes samples of shape \[3\], those of .*\[2\]$"):
        built(lambda: nets((3,)))
    with pytest.raises(InputError, match=r"^latent_size: .*users:it takes 8 numbers of noise, not 5$"):
        built(lambda latent_size: nets(latent_size=8), latent_size=5)
    generator, _ = nets((3,))
    _, discriminator = nets((2,))
    with pytest.raises(InputError, match="^discriminator: takes samples of shape"):
        built(lambda: (generator, discriminator))


def test_a_function_that_was_not_imported_is_not_called() -> None:
    config = Config().replace(network={"network": "users:it"})
    with pytest.raises(InputError, match="^network: 'users:it' names code to import"):
        build(config, (2,))


MODULE = f"""
import keras
import numpy as np
from typing import Any

class Doubled(keras.layers.Layer):
    # Neither registered for serialization, nor one of Keras' own.
    def call(self, inputs):
        return 2.0 * inputs

{inspect.getsource(nets)}
def with_layer(sample_shape, latent_size, width):
    generator, discriminator = nets(sample_shape, latent_size, width)
    return keras.Sequential([generator, Doubled()]), discriminator
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "my_networks.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("my_networks", None)


@pytest.mark.parametrize("precision", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)])
def test_from_a_flag_to_an_export(folder: Path, precision: str) -> None:
    (folder / "short.json").write_text(short(folder, steps=8, precision=precision).to_json())
    typed = ["--network", "my_networks:with_layer"]
    train_command.main(["--config", "short.json", *typed, "--dry-run"])
    train_command.main(["--config", "short.json", *typed])
    run = folder_of(folder)
    assert list(read_config(run).user_code) == typed[1:]
    assert (
        json.loads((folder / "models" / "ring8" / "card.json").read_text())["config"]["network"]["network"] == typed[1]
    )
    with pytest.raises(InputError, match="^network: .*--trust-code$"):
        train_command.main(["--resume", str(run), "--steps", "12"])
    train_command.main(["--resume", str(run), "--steps", "12", *typed])
    export_command.main([str(run), "--name", "again", "--trust-code"])
    assert np.isfinite(Sampler(folder / "models" / "again").sample(5, seed=0)).all()
    with pytest.raises(InputError, match="^generator_normalization: my_networks:with_layer takes no gen"):
        train_command.main(["--config", "short.json", *typed, "--overwrite", "--generator-normalization", "batch"])
