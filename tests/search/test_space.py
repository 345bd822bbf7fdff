"""The space: what is written is what is searched, within the declared limits, and every setting has its answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egan_tf.search.default_space import default_space
from egan_tf.search.definition import Definition, from_json_object, read_space_file
from egan_tf.search.engine import distributions, suggestions
from egan_tf.search.searchable import SECTIONS, declared_setting
from egan_tf.search.seeds import parse_seeds
from egan_tf.search.space import changes_of, config_of, own_values, parse_space
from egan_tf.search.study import first_trials
from egan_tf.training.presets import PRESETS, preset
from egan_tf.utils.checks import InputError

TEXTS = {
    "generator_learning_rate=log:0.0001:0.01": {"optimizer": {"generator_learning_rate": 0.003}},
    "width=int:16:64:16": {"network": {"width": 48}},
    "latent_size=log:4:128": {"network": {"latent_size": 7}},
    "gamma=uniform:-1.0:1.0:0.5": {"evolution": {"gamma": -0.5}},
    "generator_beta_1,discriminator_beta_1=choice:0|0.5": {
        "optimizer": {"generator_beta_1": 0.5, "discriminator_beta_1": 0.5}
    },
    "evaluation_size=choice:none|32": {"evolution": {"evaluation_size": None}},
    "reuse_evaluation_batch=choice:true|false": {"evolution": {"reuse_evaluation_batch": False}},
    "mutations=choice:heuristic|minimax+least_squares(target=0.9)": {
        "evolution": {"mutations": ("minimax", "least_squares(target=0.9)")}
    },
    "augmentations=choice:|color+cutout": {"evolution": {"augmentations": ()}},
    "discriminator_normalization=choice:auto|batch": {"network": {"discriminator_normalization": "batch"}},
    "fitness=choice:egan|my.module:function": {"evolution": {"fitness": "my.module:function"}},
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_parameter_reads_back_and_sets_its_settings(text: str) -> None:
    (parameter,) = parse_space([text])
    assert f"{parameter.label}={parameter.text}" == text
    config = preset("digits").replace(**TEXTS[text])
    drawn = own_values(config, [parameter])
    assert drawn is not None
    assert changes_of([parameter], drawn) == TEXTS[text]
    assert config_of(preset("digits"), [parameter], drawn) == config


REFUSED = {
    "widht=int:1:2": "search: unknown setting 'widht' (did you mean 'width'?)",
    "width": "search: 'width' must be NAME=KIND:VALUES",
    "width=int:0:8": "width: must be a whole number of at least 1, got 0",
    "width=int:8:100000": "width: must be at most 65536, got 100000",
    "width=int:8.5:9.5": "width: 'int:8.5:9.5' must be int:LOW:HIGH[:STEP], whole numbers, in whole numbers",
    "width=uniform:1:2": "width: is a whole number",
    "width=normal:1:2": "width: 'normal:1:2' is none of log:LOW:HIGH",
    "width=int:1": "width: 'int:1' must be int:LOW:HIGH",
    "width=int:9:8": "width: 'int:9:8' must be int:LOW:HIGH[:STEP], whole numbers, with LOW below HIGH",
    "width=int:1:9:0": "width: 'int:1:9:0' must be int:LOW:HIGH[:STEP], whole numbers, with a STEP above 0",
    "width=int:1:nan": "width: 'int:1:nan' must be int:LOW:HIGH",
    "gamma=uniform:1:inf": "gamma: 'uniform:1:inf' must be uniform:LOW:HIGH",
    "gamma=uniform:1:1e300": "gamma: 'uniform:1:1e300' must be uniform:LOW:HIGH[:STEP], with numbers below 2^53",
    "gamma=log:0:1": "gamma: 'log:0:1' must be log:LOW:HIGH, uniform in the logarithm, with LOW above 0",
    "generator_beta_1=uniform:0:1": "generator_beta_1: must be at least 0 and below 1, got 1.0",
    "r1_weight=choice:0|-1": "r1_weight: must be at least 0, got -1.0",
    "r1_weight=choice:0|x": "r1_weight: must be a finite number, got 'x'",
    "r1_weight=choice:0": "r1_weight: a choice has at least two values",
    "r1_weight=choice:0|1|0": "r1_weight: the choice '0' is named twice",
    "r1_weight=choice:1|0.5|1.0": "r1_weight: the choices '1' and '1.0' are the same",
    "evaluation_size=choice:none|8|None": "evaluation_size: the choices 'none' and 'None' are the same",
    "reuse_evaluation_batch=choice:true|no|yes": "reuse_evaluation_batch: the choices 'true' and 'yes' are the same",
    "mutations=choice:minimax+heuristic|minimax + heuristic": "mutations: the choices 'minimax+heuristic' and ",
    "xla=choice:on|maybe": "xla: unknown value 'maybe'",
    "mutations=choice:heuristic|minimaxx": "mutations: unknown value 'minimaxx' (did you mean 'minimax'?)",
    "mutations=choice:heuristic|": "mutations: must be a sequence of names or functions, at least one",
    "mutations=log:1:2": "mutations: is no number",
    "xla=int:1:2": "xla: is no number",
    "evaluation_samples=int:100:200": "evaluation_samples: cannot be searched: it decides what is measured",
    "dataset=choice:digits|ring8": "dataset: cannot be searched: it decides what is measured",
    "data_dir=choice:a|b": "data_dir: cannot be searched: it is set by the study for each trial",
}


@pytest.mark.parametrize("text", REFUSED)
def test_bad_spaces_are_refused_in_one_line_that_names_the_setting(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_space([text])
    assert str(refused.value).startswith(REFUSED[text])
    assert "\n" not in str(refused.value)


def test_every_setting_can_be_searched_or_says_why_not() -> None:
    refused = set()
    for name in SECTIONS:
        try:
            declared_setting(name)
        except InputError as error:
            assert str(error).startswith(f"{name}: cannot be searched: it ")
            refused.add(name)
    assert {"seed", "steps", "width", "fitness", "precision", "conditional"}.isdisjoint(refused)
    assert len(refused) < 20


def test_a_setting_is_searched_once() -> None:
    with pytest.raises(InputError, match="width: is searched twice"):
        parse_space(["width=int:1:2", "latent_size,width=int:3:4"])


def test_values_outside_the_space_are_not_its_own() -> None:
    config = preset("digits").replace(network={"width": 20})
    for text in ("width=int:16:64:16", "width=int:24:64", "width=choice:8|16", "width,latent_size=int:1:64"):
        assert own_values(config, parse_space([text])) is None


def test_fractions_are_not_in_a_space_of_whole_numbers() -> None:
    space = parse_space(["r1_weight=int:0:10"])
    for own, drawn in ((0.5, None), (1.5, None), (0.0, 0), (3.0, 3)):
        config = preset("digits").replace(evolution={"r1_weight": own})
        assert own_values(config, space) == (None if drawn is None else {"r1_weight": drawn})
        first = suggestions(Definition(config, space), first_trials(Definition(config, space)), 1)[0]["r1_weight"]
        assert isinstance(first, int) and (drawn is None or first == drawn)


@pytest.mark.parametrize("name", PRESETS)
def test_the_default_space_holds_the_presets_own_values(name: str) -> None:
    space = default_space(preset(name))
    own = own_values(preset(name), space)
    assert own is not None
    assert config_of(preset(name), space, own) == preset(name)


def test_a_file_holds_a_space_as_text_and_a_study_reads_back(tmp_path: Path) -> None:
    space = parse_space(["width=int:16:64", "mutations=choice:heuristic|minimax+heuristic"])
    file = tmp_path / "space.json"
    file.write_text('{"width": "int:16:64", "mutations": "choice:heuristic|minimax+heuristic"}')
    assert read_space_file(file) == space
    definition = Definition(preset("digits"), space, sampler="random")
    file.write_text(json.dumps(definition.to_dict()))
    assert read_space_file(file) == space
    assert from_json_object(json.loads(file.read_text()), "study.json") == definition


@pytest.mark.parametrize("text", ["[1]", "{}", '{"width": 3}', "{", '{"width": "int:0:2"}', '{"a b": "int:0:2"}'])
def test_a_file_without_a_space_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "space.json").write_text(text)
    with pytest.raises(InputError):
        read_space_file(tmp_path / "space.json")


def test_seeds_are_ranges_and_numbers() -> None:
    assert parse_seeds(["0-3", "7"]) == [0, 1, 2, 3, 7]
    for texts in (["3-1"], ["x"], ["1-"], ["-1"], ["0-3", "2"], ["0-99999"], ["9999999999999999"]):
        with pytest.raises(InputError, match="seeds: "):
            parse_seeds(texts)


def test_rungs_are_multiples_of_the_interval_of_evaluations() -> None:
    def rungs(steps: int, every: int, pruning: str = "halving") -> list[int]:
        config = preset("digits").replace(run={"steps": steps}, metrics={"evaluate_every": every})
        return Definition(config, (), pruning=pruning).rungs

    assert rungs(4000, 1000) == [1000, 3000]
    assert rungs(20_000, 1000) == [3000, 9000]
    assert rungs(900, 100) == [100, 300]
    assert rungs(100, 100) == []
    assert rungs(900, 100, "none") == []


def test_suggestions_are_a_function_of_the_seed_and_begin_with_the_own_values() -> None:
    def drawn(seed: int) -> list[dict]:
        config = preset("digits").replace(evolution={"seed": seed})
        definition = Definition(config, default_space(config))
        return suggestions(definition, first_trials(definition), 4)

    assert drawn(0) == drawn(0)
    assert drawn(0)[0] == drawn(1)[0] == own_values(preset("digits"), default_space(preset("digits")))
    assert drawn(0)[1:] != drawn(1)[1:]
    # Parameters of one trial, and trials, have independent random numbers.
    rates = [(one["generator_learning_rate"], one["discriminator_learning_rate"]) for one in drawn(0)[1:]]
    assert len({rate for pair in rates for rate in pair}) == 6


FINITE = {
    ("width=int:16:64:16",): 4,
    ("width=int:16:50:16", "r1_weight=choice:0|0.1"): 6,
    ("gamma=uniform:0:0.3:0.1", "reuse_evaluation_batch=choice:true|false"): 8,
    ("latent_size=log:4:10",): 7,
}


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@pytest.mark.parametrize("space", FINITE)
def test_a_finite_space_is_tried_without_repetition_and_runs_out(space: tuple[str, ...], sampler: str) -> None:
    study = Definition(preset("digits"), parse_space(space), sampler=sampler)
    found = suggestions(study, [], 20)
    assert len(found) == FINITE[space] == len({json.dumps(one, sort_keys=True) for one in found})
    assert all(config_of(preset("digits"), study.space, one) for one in found)


def test_a_large_space_does_not_run_out() -> None:
    for space in (["r1_weight=log:0.1:1"], ["width=int:1:60000"], ["gamma=uniform:0:1:0.00001"]):
        assert len(suggestions(Definition(preset("digits"), parse_space(space)), [], 20)) == 20


def test_whole_numbers_stay_whole() -> None:
    space = parse_space(["width=log:4:1024", "latent_size=int:10:25:10"])
    (width, latent) = distributions(Definition(preset("digits"), space)).values()
    assert (width.low, width.high, width.log) == (4, 1024, True)  # type: ignore[attr-defined]
    assert (latent.low, latent.high, latent.step) == (10, 20, 10)  # type: ignore[attr-defined]
    assert all(isinstance(value, int) for value in suggestions(Definition(preset("digits"), space), [], 1)[0].values())
