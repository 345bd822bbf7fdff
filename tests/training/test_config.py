"""The configuration: JSON, presets, earlier names, errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egan_tf import InputError
from egan_tf.data import DATASETS
from egan_tf.metrics.evaluate import MIN_COUNT
from egan_tf.training.check import check_settings
from egan_tf.training.config import Config, from_dict, from_json
from egan_tf.training.config_groups import MetricsConfig
from egan_tf.training.old_config import METRICS, SETTINGS
from egan_tf.training.presets import PAPERS_CHOICE, PRESETS, preset
from egan_tf.utils.settings import settings_of

OLD = Path(__file__).parents[1] / "fixtures" / "configs"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json_and_passes_the_checks(name: str) -> None:
    assert from_json(preset(name).to_json()) == preset(name)
    assert preset(name).run.preset == name
    check_settings(preset(name))


def test_the_fewest_samples_are_those_that_metrics_take() -> None:
    assert settings_of(MetricsConfig)["evaluation_samples"].limits["ge"] == MIN_COUNT


def test_presets_name_registered_data_sets() -> None:
    assert {str(config.data.dataset).partition(":")[0] for config in PRESETS.values()} <= set(DATASETS)


def test_digits_differs_from_the_class_defaults_by_choice_penalty_and_average() -> None:
    evolution = {"tournaments": "auto", "fitness": "logit", "r1_weight": 1.0, "ema_decay": 0.999}
    assert preset("digits") == Config().replace(evolution=evolution)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([], "config: must be a JSON object"),
        ({"evolutoin": {}}, "did you mean 'evolution'"),
        ({"evolution": {"gama": 1}}, "evolution: unknown setting 'gama' (did you mean 'gamma'?)"),
        ({"evolution": {"gamma": "1"}}, "gamma: must be a finite number, got '1'"),
        ({"evolution": {"population_size": 1.0}}, "population_size: must be a whole number of at least 1, got 1.0"),
        ({"evolution": {"population_size": True}}, "population_size: must be a whole number"),
        ({"evolution": {"mutations": "minimax"}}, "mutations: must be a sequence of names"),
        ({"evolution": {"mutations": [1]}}, "mutations: must be a sequence of names"),
        ({"run": {"xla": "maybe"}}, "xla: unknown value 'maybe'; choose from auto, off, on"),
        ({"run": {"overwrite": 1}}, "overwrite: must be true or false"),
        ({"run": {"steps": 0}}, "steps: must be a whole number of at least 1"),
        ({"run": {"name": "../digits"}}, "name: must be letters"),
        ({"run": {"name": "a/b"}}, "name: must be letters"),
        ({"run": {"name": ".hidden"}}, "name: must be letters"),
        ({"run": {"runs_dir": "a\0b"}}, "runs_dir: holds characters"),
        ({"run": {"formats": "onnx"}}, "formats: must be a sequence of names"),
        ({"run": {"formats": []}}, "formats: must be a sequence of names, at least one"),
        ({"data": {"batch_size": -3}}, "batch_size: must be"),
        ({"optimizer": {"generator_learning_rate": 0}}, "generator_learning_rate: must be above 0"),
        ({"optimizer": {"beta_2": 1.0}}, "beta_2: must be at least 0 and below 1"),
        ({"optimizer": {"generator_learning_rate": 10**400}}, "generator_learning_rate: must be a finite number"),
        ({"network": None}, "network: must be a JSON object"),
        ({"user_code": 3}, "user_code: "),
    ],
)
def test_refusals(values: object, says: str) -> None:
    with pytest.raises(InputError) as error:
        from_dict(values)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"run": {"steps_per_execution": 8}}, "log_every: must be a multiple of steps_per_execution"),
        ({"metrics": {"evaluate_every": 30}, "run": {"steps_per_execution": 20}}, "evaluate_every: must be a multiple"),
        ({"metrics": {"monitor": "recal"}}, "monitor: must be one of frechet_distance, precision, recall"),
        ({"data": {"dataset": "mnsit"}}, "dataset: unknown value 'mnsit'"),
        ({"evolution": {"mutations": ["minimax", "minimax"]}}, "mutations: contains 'minimax' twice"),
        ({"evolution": {"population_size": 65}}, "batch_size: must be at least the population size"),
    ],
)
def test_values_that_do_not_fit_each_other(values: object, says: str) -> None:
    with pytest.raises(InputError) as error:
        check_settings(from_dict(values))
    assert says in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000, '{"run": {"steps": NaN}}', "null"])
def test_text_that_is_no_configuration(text: str) -> None:
    with pytest.raises(InputError):
        from_json(text)


def test_what_is_left_out_keeps_its_default() -> None:
    config = from_dict(json.loads('{"run": {"steps": 7}}'))
    assert config.run.steps == 7
    assert config.data == Config().data


def test_replacing_checks_and_keeps_the_rest() -> None:
    config = preset("ring8").replace(run={"steps": 40}, evolution={"gamma": 1})
    assert (config.run.steps, config.run.log_every, config.evolution.gamma) == (40, 200, 1.0)
    with pytest.raises(InputError, match="^steps: "):
        config.replace(run={"steps": 0})


@pytest.mark.parametrize("name", ["digits", "ring8"])
def test_a_configuration_with_old_names_is_read(name: str) -> None:
    """A configuration with the earlier names of settings."""
    old = json.loads((OLD / f"{name}_old_names.json").read_text())
    run = {key: tuple(value) if isinstance(value, list) else value for key, value in old["run"].items()}
    del run["seed"]
    # Until there was "auto", this was the default.
    normalizations = dict.fromkeys(("generator_normalization", "discriminator_normalization"), "none")
    # And until our presets chose otherwise, they chose as the paper does.
    changed = preset(name).replace(run=run, network=normalizations, evolution=PAPERS_CHOICE)
    assert from_dict(old) == changed


def test_every_old_name_leads_to_a_setting() -> None:
    known = Config().to_dict()
    for (section, name), (new_section, new_name) in SETTINGS.items():
        assert new_name in known[new_section]
        value = known[new_section][new_name]
        assert from_dict({section: {name: value}}) == from_dict({new_section: {new_name: value}}) == Config()
    for old, new in METRICS.items():
        assert from_dict({"metrics": {"metrics": [old], "monitor": old}}).metrics.monitor == new


def test_an_old_name_beside_the_new_one_is_refused() -> None:
    with pytest.raises(InputError, match="^evolution: unknown setting 'r1'"):
        from_dict({"evolution": {"r1": 1.0, "r1_weight": 2.0}})


def test_functions_are_in_no_file() -> None:
    config = Config().replace(evolution={"fitness": max})
    with pytest.raises(InputError, match="^fitness: holds a function"):
        config.to_json()


def test_what_is_published_names_no_folder() -> None:
    config = Config().replace(run={"runs_dir": "/home/me/r", "models_dir": "/home/me/m"}, data={"data_dir": "/home/me"})
    assert "/home/me" not in json.dumps(config.public())


AUTHORS = {
    "paper": ((32, 3), 128, 100, 32, 3, 256),
    "paper_lsun": ((64, 3), 128, 100, 32, 3, 96),
    "paper_celeb_a": ((128, 3), 64, 100, 32, 3, 96),
    "paper_ring8": (None, 512, 2, 64, 1, 256),
    "paper_grid25": (None, 512, 2, 64, 1, 256),
}
"""Of each experiment: image, width, latent size, batch, discriminator steps, samples of an evaluation."""


@pytest.mark.parametrize("name", AUTHORS)
def test_the_papers_presets_are_the_authors_settings(name: str) -> None:
    config, (image, width, latent, batch, steps, evaluation) = preset(name), AUTHORS[name]
    evolution, rates, network = config.evolution, config.optimizer, config.network
    found = (network.width, network.latent_size, config.data.batch_size, evolution.discriminator_steps)
    assert found == (width, latent, batch, steps)
    assert (evolution.evaluation_size, evolution.reuse_evaluation_batch, evolution.population_size) == (
        evaluation,
        False,
        1,
    )
    assert evolution.mutations == ("minimax", "heuristic", "least_squares") and evolution.gamma == 0.01
    assert evolution.latent_distribution == "uniform" and evolution.ema_decay == 0
    assert evolution.r1_weight == evolution.r2_weight == evolution.gradient_penalty_weight == 0
    rate = 2e-4 if image else 1e-4
    assert (rates.generator_learning_rate, rates.discriminator_learning_rate) == (rate, rate)
    assert (rates.generator_beta_1, rates.discriminator_beta_1, rates.beta_2, rates.epsilon) == (0.5, 0.5, 0.999, 1e-8)
    assert rates.final_learning_rate_fraction == 1 and config.run.steps == 100_000
    assert network.network == ("dcgan" if image else "mlp")
    if image:
        assert (network.generator_normalization, network.discriminator_normalization) == ("auto", "batch")
        assert config.data.resolution in (None, image[0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"evolution": {"initial_penalty_factor": 3.0}}, "initial_penalty_factor: .*burn_in"),
        ({"evolution": {"initial_ema_decay": 0.5}}, "initial_ema_decay: .*burn_in"),
        ({"optimizer": {"initial_beta_2": 0.5}}, "initial_beta_2: .*burn_in"),
    ],
)
def test_initial_values_without_a_burn_in_are_refused(changes: dict, says: str) -> None:
    with pytest.raises(InputError, match=f"^{says}"):
        check_settings(preset("digits").replace(**changes))
    burn_in = {"evolution": {**changes.get("evolution", {}), "burn_in": 5}}
    check_settings(preset("digits").replace(**{**changes, **burn_in}))


def test_a_burn_in_of_nothing_is_refused() -> None:
    config = preset("digits").replace(evolution={"burn_in": 5})
    with pytest.raises(InputError, match=r"^burn_in: has a meaning with an initial value only; set initial_penalty_f"):
        check_settings(config)
    check_settings(config.replace(optimizer={"initial_beta_2": 0.5}))


def test_rows_of_a_call_need_a_format_that_states_them() -> None:
    config = preset("digits").replace(run={"rows_per_call": 32, "formats": ("onnx", "saved_model")})
    check_settings(config)
    with pytest.raises(InputError, match="^rows_per_call: has no effect on saved_model; "):
        check_settings(config.replace(run={"formats": ("saved_model",)}))
