"""The whole line: command line, run, export, sampling, export again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError, Sampler
from egan_tf.commands import export as export_command
from egan_tf.commands import train as train_command
from egan_tf.metrics.evaluate import evaluate
from egan_tf.training import build as building
from egan_tf.training import train as training
from egan_tf.training.callbacks import evaluation
from egan_tf.training.config import from_json
from egan_tf.training.presets import PRESETS, preset
from egan_tf.utils.json_lines import read_records

SMALL = ["--width", "8", "--latent-size", "6", "--steps", "24", "--log-every", "6", "--sample-every", "12"]

# A step that is compiled sooner.
SOON = ["--mutations", "heuristic", "--tournaments", "always"]

# Without an average, and with many large steps, so that the two survivors differ clearly.
TWO = ["--name", "small", "--population-size", "2", "--ema-decay", "0", "--mutation-steps", "4"]
TWO += ["--generator-learning-rate", "0.01", "--final-learning-rate-fraction", "1"]


def folders(where: Path) -> list[str]:
    return [f"--{name}-dir={where / name}" for name in ("runs", "models", "data")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("trained")
    train_command.main([*SMALL, *folders(where), *TWO])
    return where


def test_a_run_leaves_its_record(trained: Path) -> None:
    run = trained / "runs" / "001-small"
    assert from_json((run / "config.json").read_text()).run.steps == 24
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 4
    assert sorted(path.name for path in (run / "samples").iterdir()) == ["00000012.png", "00000024.png"]
    assert (run / "mutations.png").stat().st_size > 1000
    assert json.loads((run / "versions.json").read_text())["tensorflow"] == tf.__version__
    report = (run / "report.html").read_text()
    assert "complete" in report
    assert tf.__version__ in report
    assert report.count("data:image/png") == 3, "both grids, and the last once more"


@pytest.mark.slow
def test_a_report_that_cannot_be_written_costs_neither_the_run_nor_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> str:
        raise OSError("the disk is full")

    monkeypatch.setattr("egan_tf.report.write.run_page", full)
    train_command.main(["--dataset", "ring8", "--width", "8", "--steps", "100", *SOON, *folders(tmp_path)])
    assert "no report of the run was written: the disk is full" in capsys.readouterr().err
    assert not (tmp_path / "runs" / "001-ring8" / "report.html").exists()
    assert Sampler(tmp_path / "models" / "ring8" / "generator.onnx").sample(3).shape == (3, 2)


def test_the_best_by_a_metric_is_kept_beside_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--dataset", "ring8", "--width", "8", "--steps", "40", "--evaluate-every", "10", "--steps-per-execution"]
    flags += ["1", "--metrics", "mode_divergence", "high_quality_share", "--monitor", "mode_divergence"]
    flags += ["--evaluation-samples", "100", "--keep-checkpoints", "1", "--xla", "off"]

    def decided(*args: Any, step: int, **words: Any) -> list[dict[str, Any]]:
        return [{**record, "value": {20: 0.1}.get(step, 0.5)} for record in evaluate(*args, step=step, **words)]

    monkeypatch.setattr(evaluation, "evaluate", decided)
    train_command.main([*flags, *SOON, *folders(tmp_path)])
    run = tmp_path / "runs" / "001-ring8"
    records = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]
    values = {record["step"]: record["value"] for record in records if record["kind"] == "mode_divergence"}
    assert values == {10: 0.5, 20: 0.1, 30: 0.5, 40: 0.5}
    assert sorted(int(path.name) for path in (run / "checkpoints").iterdir()) == [20, 40]
    export_command.main([str(run), "--checkpoint", "best", "--name", "best", "--models-dir", str(tmp_path / "models")])
    cards = [json.loads((tmp_path / "models" / name / "card.json").read_text()) for name in ("ring8", "best")]
    assert [card["steps"] for card in cards] == [40, 20]


def test_tensorboard_gets_scalars_and_pictures_by_generation(tmp_path: Path) -> None:
    flags = ["--dataset", "ring8", "--width", "8", "--steps", "80", "--log-every", "20", "--sample-every", "40"]
    train_command.main([*flags, "--tensorboard", "--metrics", "--xla", "off", *folders(tmp_path)])
    (file,) = (tmp_path / "runs" / "001-ring8" / "tensorboard").iterdir()
    found: dict[str, list[int]] = {}
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append(event.step)
    assert found["fitness"] == found["share/heuristic"] == [20, 40, 60, 80]
    assert found["samples"] == [40, 80]


def test_all_forms_of_the_winner_give_the_same_images(trained: Path) -> None:
    egan, _, _ = training.load_run(trained / "runs" / "001-small")
    best = egan.best_generator
    loaded = tf.saved_model.load(str(trained / "models" / "small" / "saved_model"))
    sampler = Sampler(trained / "models" / "small" / "generator.onnx")
    for count in (1, 7, 64):
        noise = sampler.noise(count, seed=3)
        expected = best(noise, training=False)
        np.testing.assert_allclose(loaded.serve(tf.constant(noise))["samples"], expected, atol=1e-5)
        np.testing.assert_allclose(sampler.sample(count, seed=3), expected, atol=1e-5)


def test_the_exported_generator_is_the_fittest_and_not_the_last_child(trained: Path) -> None:
    egan, _, _ = training.load_run(trained / "runs" / "001-small")
    card = json.loads((trained / "models" / "small" / "card.json").read_text())
    scores = egan.population.children_scores.fitness.numpy()
    assert card["scores"]["fitness"] == pytest.approx(scores.max())
    sampler = Sampler(trained / "models" / "small" / "generator.onnx")
    noise = sampler.noise(8, seed=1)
    last_child = len(scores) - 1
    assert np.argmax(scores) != last_child, "chosen so that the last child loses"
    winner, other = (egan.individual(position)(noise, training=False) for position in (0, 1))
    samples = sampler.sample(8, seed=1)
    assert np.abs(samples - other).max() > 10 * np.abs(samples - winner).max()


def test_export_again(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, models = str(trained / "runs" / "001-small"), str(trained / "models")
    flags = ["--individual", "1", "--formats", "onnx", "--weights-license", "CC0-1.0", "--rows-per-call", "24"]
    export_command.main([run, "--models-dir", models, "--name", "second", *flags])
    assert "second" in capsys.readouterr().out
    cards = [json.loads((trained / "models" / name / "card.json").read_text()) for name in ("second", "small")]
    assert cards[0]["license"] == "CC0-1.0" and "license" not in cards[1]
    # The second is not the fittest survivor, which alone was evaluated.
    assert "metrics" not in cards[0]
    evaluations = read_records(Path(run) / "evaluations.jsonl")
    last = {each["metric"]: each["value"] for each in evaluations if each["step"] == 24}
    assert last and {each["metric"]: each["value"] for each in cards[1]["metrics"]} == last
    for card in cards:
        python, program, *flags = shlex.split(card["command"])
        assert (python, program) == ("python", "train_tf.py")
        again = train_command.read_command_line(flags).config.public()
        assert json.loads(json.dumps(again)) == card["config"]
    egan, _, _ = training.load_run(Path(run))
    sampler = Sampler(trained / "models" / "second")
    assert sampler.rows_per_call == 24
    expected = egan.individual(1)(sampler.noise(5, seed=2), training=False)
    np.testing.assert_allclose(sampler.sample(5, seed=2), expected, atol=1e-5)
    assert not (trained / "models" / "second" / "saved_model").exists()


@pytest.mark.slow
def test_a_restored_run_is_the_run_that_was_saved(trained: Path, tmp_path: Path) -> None:
    """The same command again ends in the state of the first run's checkpoint, bit for bit."""
    train_command.main([*SMALL, *folders(tmp_path), *TWO])
    first, _, _ = training.load_run(trained / "runs" / "001-small")
    again, _, _ = training.load_run(tmp_path / "runs" / "001-small")
    assert first.generation.numpy() == 24
    assert first.population.selection_counts.numpy().sum() == 2 * 24
    assert np.isfinite(first.population.scores.fitness).all()
    assert any(np.any(slot.numpy()) for slot in first.population.slots_stack.members[1:])
    for a, b in zip(first.variables, again.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    for a, b in zip(first.discriminator_optimizer.variables, again.discriminator_optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_builds(name: str) -> None:
    shapes = {"digits": (8, 8, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3), "ring8": (2,), "grid25": (2,)}
    shapes |= {"emoji": (64, 64, 3), "lsun": (64, 64, 3), "celeb_a": (128, 128, 3)}
    config = preset(name).replace(network={"width": 4})
    shape = shapes[str(config.data.dataset).partition(":")[0]]
    assert training.build(config, shape).sample_shape == shape


def test_learning_rate_decays_over_the_second_half() -> None:
    schedule = building.ConstantThenLinearDecay(0.5, 100, 0.1)
    np.testing.assert_allclose(
        [schedule(step) for step in (0, 50, 75, 100, 120)], [0.5, 0.5, 0.275, 0.05, 0.05], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "digits"),
        (["--dry-run"], "digits"),
        (["--dataset", "ring8"], "ring8"),
        (["--dataset=grid25"], "grid25"),
        (["--dataset", "cifar10", "--preset", "paper"], "paper"),
    ],
)
def test_the_preset_that_a_command_line_starts_from(arguments: list[str], name: str) -> None:
    assert train_command.read_command_line(arguments).config.run.preset == name


def test_dry_run_prints_what_a_run_would_record(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_command.main(["--preset", "grid25", "--gamma", "0.2", "--dry-run", *folders(tmp_path)])
    config = from_json(capsys.readouterr().out)
    assert (config.data.dataset, config.evolution.gamma, config.network.network) == ("grid25", 0.2, "mlp")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--dataset", "mnsit"], "dataset: unknown value 'mnsit'"),
        (["--preset", "digit"], "preset: unknown value 'digit' (did you mean 'digits'?)"),
        (["--mutations", "minmax"], "mutations: unknown value 'minmax' (did you mean 'minimax'?)"),
        (["--population-size", "0"], "population_size: must be a whole number of at least 1"),
        (["--gamma", "nan"], "gamma: must be a finite number"),
        (["--gamma", "much"], "gamma: must be a finite number, got 'much'"),
        (["--evaluation-size", "0"], "evaluation_size: must be a whole number of at least 1"),
        (["--formats", "tfjs"], "formats: unknown value 'tfjs'"),
        (["--network", "resnet"], "network: unknown value 'resnet'"),
        (["--dataset", "ring8", "--network", "dcgan"], "network: dcgan takes square images"),
        (["--fitness", "best"], "fitness: unknown value 'best'"),
        (["--batch-size", "1", "--population-size", "2"], "batch_size: must be at least the population size"),
        (["--generations", "3"], "arguments: unknown flag '--generations'"),
        (["--sample", "3"], "did you mean '--sample-every'?"),
        (["stray"], "arguments: unexpected 'stray'"),
        (["--log-every", "30", "--steps-per-execution", "20"], "log_every: must be a multiple of steps_per_execution"),
        (["--models-dir", "/dev/null/x"], "models_dir: cannot make or write /dev/null/x"),
        (["--discriminator-loss", "none"], "discriminator_loss: unknown value 'none'"),
        (["--operators", "none"], "operators: unknown value 'none'"),
        (["--name", "../x"], "name: must be letters"),
        (["--metrics", "fid"], "metrics: unknown value 'fid'"),
        (["--metrics", "modes_covered"], "metrics: modes_covered is of points of a mixture, and digits holds others"),
        (["--monitor", "recal"], "monitor: must be one of frechet_distance, precision, recall"),
        (["--extractor", "inception"], "extractor"),
        (["--extractor-path", "x.pb"], "extractor_path: cnn reads no file; leave it out"),
        (["--extractor", "pixels", "--extractor-path", "x.pb"], "extractor_path: pixels reads no file; leave it out"),
        (["--extractor-path", "x.pb", "--metrics"], "extractor_path: is not used, as no metric of the run takes an"),
        (["--dataset", "ring8", "--extractor-path", "x"], "extractor_path: is not used, as no metric of the run takes"),
        (
            ["--dataset", "ring8", "--extractor", "pixels"],
            "extractor: is not used for ring8, which holds points",
        ),
        (["--width", "100000"], "width: must be at most 65536"),
    ],
)
def test_bad_flags_are_refused_before_anything_is_written(arguments: list[str], says: str, tmp_path: Path) -> None:
    refusals = []
    for mode in ([], ["--dry-run"]):
        with pytest.raises(InputError) as error:
            train_command.main([*folders(tmp_path), *arguments, *mode])
        assert says in str(error.value)
        assert "\n" not in str(error.value)
        refusals.append(str(error.value))
    assert refusals[0] == refusals[1]
    assert not any(tmp_path.iterdir())


def test_an_existing_model_is_replaced_only_with_overwrite(trained: Path) -> None:
    arguments = [*SMALL, *folders(trained), "--name", "small"]
    before = (trained / "models" / "small" / "card.json").read_bytes()
    for mode in ([], ["--dry-run"]):
        with pytest.raises(InputError, match="^name: .*--overwrite"):
            train_command.main([*arguments, *mode])
    assert (trained / "models" / "small" / "card.json").read_bytes() == before
    assert [path.name for path in (trained / "runs").iterdir()] == ["001-small"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "run: nowhere is not the folder of a run"),
        (["{run}", "--individual", "2"], "individual: must be from 0 to 1"),
        (["{run}", "--individual", "-1"], "individual"),
        (["{run}", "--individual", "worst"], "individual: must be best or a rank"),
        (["{run}", "--rows-per-call", "1025"], "rows_per_call: must be at most 1024"),
        (["{run}", "--formats", "h5"], "formats: unknown value 'h5'"),
        (["{run}", "--name", "../up"], "name: "),
    ],
)
def test_bad_exports_are_refused(trained: Path, tmp_path: Path, arguments: list[str], says: str) -> None:
    run = str(trained / "runs" / "001-small")
    with pytest.raises(InputError) as error:
        export_command.main([a.format(run=run) for a in arguments] + ["--models-dir", str(tmp_path / "models")])
    assert says in str(error.value)
    assert not any(tmp_path.iterdir())
