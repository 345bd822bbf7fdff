"""Everything that follows from the declaration of a setting: errors, flags, help, resume policy, documentation."""

from __future__ import annotations

import inspect
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from egan_tf import EGAN, InputError
from egan_tf.commands.train import read_command_line
from egan_tf.evolution.latent import DISTRIBUTIONS
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.training import config as configs
from egan_tf.training.check import check_settings
from egan_tf.training.config import Config, from_json
from egan_tf.training.presets import preset
from egan_tf.training.resume_policy import changed_settings, fixed_settings
from egan_tf.utils.command_line import OneLineParser
from egan_tf.utils.flags import add_flags, given_values, parse_flags
from egan_tf.utils.registries import load_registry, names_in
from egan_tf.utils.settings import Setting, Settings, sections_of, setting, settings_of
from egan_tf.utils.signatures import takes_settings

ALL = [
    pytest.param(section, declared, id=f"{section}.{name}")
    for section, group in sections_of(Config).items()
    for name, declared in settings_of(group).items()
]


def wrong_values(declared: Setting) -> list[Any]:
    """Values that the declaration excludes, of the right type if possible."""
    limits = declared.limits
    if declared.kind is int:
        return [int(limits["ge"]) - 1, int(limits["le"]) + 1, "many", 10**400]
    if declared.kind is float:
        beyond = [limits[name] for name in ("gt", "lt") if name in limits]
        beyond += [math.nextafter(limits["ge"], -1)] if "ge" in limits else []
        beyond += [math.nextafter(limits["le"], math.inf)] if "le" in limits else []
        return ["much", math.nan, math.inf, *beyond]
    return ["nonsense"] if declared.kind is Literal else []


def wrong_types(declared: Setting) -> list[Any]:
    """Values that are possible in Python and JSON, but not on a command line."""
    common: list[Any] = [{}, {"a": 1}] + ([] if declared.optional else [None])
    return common + {
        int: [True, 1.0, "1", [1]],
        float: [True, "1.0", [1.0]],
        bool: [1, 0, "yes"],
        tuple: ["minimax", [1], [None]],
        str: [1, True, ["a"]],
        Literal: [1, True, None],
    }.get(declared.kind, [])


def refusal(call: Any) -> str:
    with pytest.raises(InputError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("section", "declared"), ALL)
def test_a_wrong_value_is_refused_by_name_and_in_the_same_words_everywhere(section: str, declared: Setting) -> None:
    group, flag = sections_of(Config)[section], f"--{declared.name.replace('_', '-')}"
    for value in wrong_values(declared):
        in_python = refusal(lambda value=value: group(**{declared.name: value}))
        assert in_python.startswith(f"{declared.name}: ")
        text = json.dumps({section: {declared.name: value}})
        assert refusal(lambda text=text: from_json(text)) == in_python
        assert refusal(lambda value=value: preset("digits").replace(**{section: {declared.name: value}})) == in_python
        assert refusal(lambda value=value: read_command_line([f"{flag}={value}"])) == in_python
    for value in wrong_types(declared):
        in_python = refusal(lambda value=value: group(**{declared.name: value}))
        assert in_python.startswith(f"{declared.name}: ")
        text = json.dumps({section: {declared.name: value}})
        assert refusal(lambda text=text: from_json(text)) == in_python


@pytest.mark.parametrize(("section", "declared"), ALL)
def test_an_unregistered_name_is_refused_with_the_list_of_names(section: str, declared: Setting) -> None:
    if not declared.registry or not load_registry(declared.registry):
        return
    wrong = ("nonsense",) if declared.kind is tuple else "nonsense"
    said = refusal(lambda: check_settings(preset("digits").replace(**{section: {declared.name: wrong}})))
    assert said.startswith(f"{declared.name}: unknown value 'nonsense'")
    assert all(name in said for name in load_registry(declared.registry))


@pytest.mark.parametrize(("section", "declared"), ALL)
def test_a_declaration_is_complete(section: str, declared: Setting) -> None:
    """Help in ASCII for every terminal; bounds of whole numbers; a default that its own limits admit."""
    assert declared.help.isascii()
    assert declared.help and not declared.help.endswith(".")
    assert declared.kind is not int or {"ge", "le"} <= declared.limits.keys()
    group = sections_of(Config)[section]
    assert getattr(group(**{declared.name: declared.default}), declared.name) == declared.default
    assert not (declared.folder and not declared.changeable)


def test_names_of_settings_are_flat() -> None:
    names = [declared.values[1].name for declared in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("section", "declared"), ALL)
def test_names_read_from_the_source_are_those_of_the_registry(section: str, declared: Setting) -> None:
    registry = load_registry(declared.registry) if declared.registry else ()
    if not registry or declared.name == "preset":  # presets are made by a loop, and imported with the configuration
        return
    import sys

    module = declared.registry.partition(":")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, module)
        assert names_in(declared.registry) == tuple(registry)
        assert module not in sys.modules


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"gamma": 1}, 1.0),
        ({"gamma": np.float32(0.5)}, 0.5),
        ({"gamma": np.float64(0.5)}, 0.5),
        ({"gamma": Fraction(1, 4)}, 0.25),
        ({"population_size": np.int64(3)}, 3),
        ({"population_size": np.uint8(3)}, 3),
        ({"mutations": ["minimax"]}, ("minimax",)),
        ({"evaluation_size": None}, None),
    ],
)
def test_equivalent_values_of_other_libraries_are_accepted(given: dict[str, Any], taken: Any) -> None:
    ((name, _),) = given.items()
    value = getattr(EvolutionSettings(**given), name)
    assert value == taken
    assert type(value) is type(taken)


def test_distributions_are_those_of_the_noise() -> None:
    assert settings_of(EvolutionSettings)["latent_distribution"].choices == DISTRIBUTIONS


def test_the_models_signature_and_documentation_are_the_fields() -> None:
    declared = settings_of(EvolutionSettings)
    parameters = inspect.signature(EGAN).parameters
    assert list(parameters) == ["generator", "discriminator", "name", *declared]
    for name, one in declared.items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == one.default
        assert f"            {name}: {one.help.split()[0]}" in (EGAN.__init__.__doc__ or "")
    assert "{settings}" not in (EGAN.__init__.__doc__ or "")


def test_an_unknown_keyword_is_refused_with_the_nearest() -> None:
    assert "(did you mean 'gamma'?)" in refusal(lambda: EGAN(None, None, gama=1))


def test_settings_do_not_change_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        EvolutionSettings().gamma = 2.0  # type: ignore[misc]


class MoreEvolution(EvolutionSettings):
    """Evolution."""

    novelty: float = setting(0.5, "weight of a novelty that a later version may have", ge=0.0, le=1.0)
    brightness: int = setting(3, "another one, free to change", ge=0, le=9, changeable=True)
    cellar: str = setting("down", "folder of bottles", folder=True)


class MoreConfig(Config):
    """Configuration."""

    evolution: MoreEvolution = MoreEvolution()


def test_a_setting_declared_once_is_everywhere(tmp_path: Path) -> None:
    """Flag, help, JSON, limits, resume policy, published values, signature and documentation follow."""
    parser = OneLineParser(prog="more", add_help=False)
    add_flags(parser, MoreConfig())
    assert "--novelty X" in parser.format_help()
    assert "weight of a novelty that a later version may have (default: 0.5)" in " ".join(parser.format_help().split())
    given = given_values(parse_flags(parser, ["--novelty", "0.25", "--cellar=deep"]), MoreConfig)
    config = MoreConfig().replace(**given)
    assert (config.evolution.novelty, config.evolution.cellar) == (0.25, "deep")
    assert json.loads(config.to_json())["evolution"]["novelty"] == 0.25
    assert MoreConfig(**json.loads(config.to_json())) == config
    assert refusal(lambda: config.replace(evolution={"novelty": 2})) == (
        "novelty: must be at least 0 and at most 1, got 2"
    )
    assert "evolution.novelty" in fixed_settings(MoreConfig), (
        "a resumed run may not change it, as nothing says that it may"
    )
    assert "evolution.brightness" not in fixed_settings(MoreConfig)
    assert changed_settings(config, config.replace(evolution={"brightness": 4, "cellar": "up"})) == {
        "evolution.brightness": [3, 4]
    }
    assert refusal(lambda: changed_settings(config, MoreConfig())).startswith("novelty: cannot change in a resumed run")
    assert config.public()["evolution"].keys() >= {"novelty", "brightness"}
    assert "cellar" not in config.public()["evolution"]

    @takes_settings(MoreEvolution)
    def model(**settings: Any) -> None:
        """A model.

        Args:
            {settings}
        """

    assert inspect.signature(model).parameters["novelty"].default == 0.5
    assert "            novelty: weight of a novelty" in (model.__doc__ or "")


def test_settings_need_no_tensorflow() -> None:
    """Declaring settings imports no TensorFlow; names are looked up in registries later."""
    for module in (configs, inspect.getmodule(EvolutionSettings), inspect.getmodule(Settings)):
        assert "tensorflow" not in vars(module)
        assert "keras" not in vars(module)
