"""The configuration: to JSON and back, presets, refusals."""

from __future__ import annotations

import dataclasses
import inspect
import json

import pytest

from egan_tf import EGAN, InputError
from egan_tf.data import DATASETS
from egan_tf.training.config import Config, EvolutionConfig, from_dict, from_json
from egan_tf.training.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name: str) -> None:
    assert from_json(preset(name).to_json()) == preset(name)
    assert preset(name).run.preset == name


def test_there_is_a_preset_for_every_data_set() -> None:
    assert {config.data.dataset for config in PRESETS.values()} == set(DATASETS)


def test_the_first_preset_is_what_the_defaults_are() -> None:
    assert preset("digits") == Config()


def test_configuration_and_model_take_the_same_settings() -> None:
    fields = {field.name for field in dataclasses.fields(EvolutionConfig)}
    arguments = set(inspect.signature(EGAN.__init__).parameters)
    assert fields <= arguments
    assert arguments - fields == {"self", "generator", "discriminator", "latent_distribution", "seed", "name"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([], "config: must be a JSON object"),
        ({"evolutoin": {}}, "did you mean 'evolution'"),
        ({"evolution": {"gama": 1}}, "did you mean 'gamma'"),
        ({"evolution": {"gamma": "1"}}, "gamma: must be of type float"),
        ({"evolution": {"population_size": 1.0}}, "population_size: must be of type int"),
        ({"evolution": {"population_size": True}}, "population_size: must be of type int"),
        ({"evolution": {"mutations": "minimax"}}, "mutations: must be a list of names"),
        ({"evolution": {"mutations": [1]}}, "mutations: must be a list of names"),
        ({"run": {"xla": "maybe"}}, "xla: unknown value 'maybe'; choose from auto, off, on"),
        ({"run": {"overwrite": 1}}, "overwrite: must be of type bool"),
        ({"run": {"steps": 0}}, "steps: must be a whole number of at least 1"),
        ({"run": {"name": "../digits"}}, "name: must be letters"),
        ({"run": {"name": "a/b"}}, "name: must be letters"),
        ({"run": {"name": ".hidden"}}, "name: must be letters"),
        ({"run": {"steps_per_execution": 8}}, "log_every: must be a multiple of steps_per_execution"),
        ({"data": {"dataset": "mnist"}}, "dataset: unknown value 'mnist'"),
        ({"data": {"batch_size": -3}}, "batch_size: must be"),
        ({"optimizer": {"generator_learning_rate": 0}}, "generator_learning_rate: must be above 0"),
        ({"optimizer": {"beta_2": 1.0}}, "beta_2: must be at least 0 and below 1"),
        ({"optimizer": {"generator_learning_rate": 10**400}}, "generator_learning_rate: must be a finite number"),
        ({"network": None}, "network: must be a JSON object"),
    ],
)
def test_refusals(values: object, says: str) -> None:
    with pytest.raises(InputError) as error:
        from_dict(values)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000, '{"run": {"steps": NaN}}', "null"])
def test_text_that_is_no_configuration(text: str) -> None:
    with pytest.raises(InputError):
        from_json(text)


def test_what_is_left_out_keeps_its_default() -> None:
    config = from_dict(json.loads('{"run": {"steps": 7}}'))
    assert config.run.steps == 7
    assert config.data == Config().data
