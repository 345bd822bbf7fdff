"""The command `egan-search`: what it refuses, what it prints before training, and what it leaves unfinished."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from egan_tf.commands import search, search_setup
from egan_tf.commands.search_arguments import parse_budget, read_arguments
from egan_tf.search.definition import Definition
from egan_tf.search.engine import suggestions
from egan_tf.search.space import config_of
from egan_tf.utils.checks import InputError
from tests.search.studies import made

DRY_RUN = search_setup._dry_run

pytestmark = pytest.mark.usefixtures("_without_a_dry_run")

REFUSED = {
    "--trials 0": "trials: must be a whole number of at least 1, got '0'",
    "--budget 3999": "budget: 3,999 generations are fewer than a trial has, 4,000; ask for more, or for fewer --steps",
    "--seeds 0-3 --budget 89 --steps 90 --dry-run": "budget: 89 generations are fewer than a trial has, 90",
    "--search steps=int:10:90 --budget 9999": "budget: cannot count generations where steps is searched",
    "--budget 3x": "budget: must be generations, or a time such as 30m or 2h, got '3x'",
    "--seeds 5-3": "seeds: must rise",
    "--seeds 0-3 --trials 3": "trials: has no meaning in a sweep over --seeds",
    "--seeds 0-3 --search width=int:8:16": "search: has no meaning in a sweep over --seeds",
    "--seeds 0-3 --seed 1": "seed: is fixed by --seed and searched; leave one out",
    "--search width=int:8:16 --width 8": "width: is fixed by --width and searched; leave one out",
    "--search width=int:0:16": "width: must be a whole number of at least 1, got 0",
    "--search width=int:8:16 --space x.json": "space: cannot be given together with --search",
    "--search fitness=choice:egan|fitnes": "fitness: unknown value 'fitnes'",
    "--search fitness=choice:egan|nowhere:fitness": "fitness: cannot import nowhere: ModuleNotFoundError",
    "--search fitness=choice:egan|math:fitness --trust-code": "fitness: math has no function fitness",
    "--search mutations=choice:heuristic|minimax+math:pi": "mutations: math:pi is no function",
    "--discriminator-loss wasserstein --search beta_2=choice:0.9|0.99": "mutations: ",
    "--resume x --name a/b": "name: must be letters",
    "--resume x --models-dir y": "models_dir: cannot change in a resumed study",
    "--space nowhere.json": "space: no file nowhere.json",
    "--sampler grid": "sampler: unknown value 'grid'",
    "--pruning median": "pruning: unknown value 'median'",
    "--metric fid": "metrics: unknown value 'fid'",
    "--metrics recall --metric precision": "metric: must be one of recall, or leave them out",
    "--metrics": "metric: a study needs a metric that its runs record; name some with --metrics",
    "--runs-dir elsewhere": "runs_dir: cannot be chosen: the runs are in the study's folder",
    "--preset digitz": "preset: unknown value 'digitz'",
    "--trails 3": "arguments: unknown flag '--trails'",
    "--generator-learning-rate x": "generator_learning_rate: must be a finite number, got 'x'",
    "--resume nowhere": "resume: no study nowhere",
    f"--resume {'x' * 300}": "resume: no study xxx",
    "--resume": "resume: no study in studies: ",
    "--resume x --search width=int:8:16": "search: cannot change in a resumed study",
    "--resume x --width 8": "width: cannot change in a resumed study",
    "--resume x --dry-run": "dry_run: is for a new study",
    **{
        f"--resume x --list {flag}": f"{flag.split()[0][2:].replace('-', '_')}: has no meaning with --list"
        for flag in (
            *("--trials 5", "--budget 5h", "--budget 900", "--seeds 0-3", "--name other", "--overwrite"),
            *("--data-dir d", "--trust-code"),
        )
    },
    "--resume x --studies-dir y": "studies_dir: has no meaning where --resume names a folder, x",
    "--seeds 0-3 --dry-run --storage not-a-url": "storage: it is no URL of a database; write @",
    "--seeds 0-3 --dry-run --storage nosuch://x": "storage: it cannot be opened: NoSuchModuleError",
    "--seeds 0-3 --dry-run --studies-dir /dev/null/x": "studies_dir: cannot make or write /dev/null/x: /dev/null is",
    f"--seeds 0-3 --dry-run --studies-dir {'x' * 300}": "studies_dir: cannot make or write xxx",
    "--clear-cache --trials 3": "clear_cache: is for egan-train; leave it out",
    "--list": "list: shows the trials of the study that --resume names",
}


@pytest.mark.parametrize("line", REFUSED)
def test_bad_arguments_are_refused_in_one_line_before_anything_is_written(line: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        search.main(line.split())
    assert str(refused.value).startswith(REFUSED[line])
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_prints_the_space_and_the_first_suggestions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = "--preset digits --generator-learning-rate 0.002 --metric recall --dry-run"
    assert search.main(flags.split()) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == [
        "study: digits-search, 4,000 generations a trial",
        "metric: recall, higher is better, every 1,000 generations",
        "pruning: at generations 1,000, 3,000",
    ]
    assert printed[4] == "  discriminator_learning_rate=log:0.0001:0.01"
    assert printed[9].split() == [
        *("discriminator_learning_rate=0.001", "generator_beta_1,discriminator_beta_1=0.5", "r1_weight=1"),
        "mutations=minimax+heuristic+least_squares",
    ]
    assert len(printed) == 12
    assert list(tmp_path.iterdir()) == []
    assert search.main(["--seeds", "0-2", "5", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "seeds: 0 1 2 5"


def test_code_is_imported_only_if_typed_or_trusted(tmp_path: Path) -> None:
    (tmp_path / "space.json").write_text('{"fitness": "choice:egan|mine:fitness"}')
    with pytest.raises(InputError, match="fitness: 'mine:fitness' names code to import, and comes from a file"):
        search.main(["--space", "space.json", "--dry-run"])
    (tmp_path / "mine.py").write_text("def fitness(evaluation, gamma):\n    return evaluation.quality\n")
    assert search.main(["--space", "space.json", "--dry-run", "--trust-code"]) == 0
    assert search.main(["--search", "fitness=choice:egan|mine:fitness", "--dry-run"]) == 0
    study = made(tmp_path, "fitness=choice:egan|mine:fitness")
    with pytest.raises(InputError, match="fitness: 'mine:fitness' names code to import"):
        search.main(["--resume", str(study.folder)])


@pytest.mark.parametrize(
    ("program", "says"),
    {
        "raise OSError('no space')": "OSError: no space",
        "print('egan-train: error: width: is odd', file=sys.stderr); sys.exit(2)": "width: is odd",
        "sys.exit(3)": "settings: egan-train --dry-run: exit status 3, and no reason was printed",
    }.items(),
)
def test_a_dry_run_that_fails_says_why(program: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_setup, "python_command", lambda *_: [sys.executable, "-c", f"import sys; {program}"])
    with pytest.raises(InputError) as refused:
        DRY_RUN([])
    assert str(refused.value) == says


WASSERSTEIN = ["--preset", "paper", "--discriminator-loss", "wasserstein", "--mutations", "wasserstein"]
PENALTY = "gradient_penalty_weight=choice:1|10"


def new(*arguments: str) -> Definition:
    return search_setup.new_definition(read_arguments(arguments))


def test_what_is_checked_is_a_trial_and_not_the_configuration_that_no_trial_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alone, the loss lacks a penalty; each trial has one."""
    asked: list[list[str]] = []
    check = search_setup._dry_run
    monkeypatch.setattr(search_setup, "_dry_run", lambda arguments: asked.append(arguments) or check(arguments))
    with pytest.raises(InputError, match="wasserstein"):
        new(*WASSERSTEIN, "--seeds", "0-2")
    asked.clear()
    made = new(*WASSERSTEIN, "--search", PENALTY)
    ((*_, flag, value),) = asked
    assert flag == "--gradient-penalty-weight" and value in ("1.0", "10.0")
    assert made.config.evolution.gradient_penalty_weight == 0.0, "what the trials start from is as it was typed"
    assert made.config.name == "cifar10-search"
    # One of the values fits: trials with the other end as refused.
    asked.clear()
    new(*WASSERSTEIN, "--search", "gradient_penalty_weight=choice:0|10")
    assert [arguments[-1] for arguments in asked] == ["cifar10-search", "10.0"]
    # None fits: refused, after two points that are refused alike.
    asked.clear()
    with pytest.raises(InputError, match="wasserstein"):
        new(*WASSERSTEIN, "--search", "beta_2=choice:0.1|0.2|0.3")
    assert len(asked) == 2


def test_values_of_every_kind_are_laid_over_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    check = search_setup._dry_run
    monkeypatch.setattr(search_setup, "_dry_run", lambda arguments: asked.append(arguments) or check(arguments))
    (tmp_path / "mine.py").write_text("def fitness(evaluation, gamma):\n    return evaluation.quality\n")
    space = ["fitness=choice:mine:fitness|logit", "mutations=choice:minimax+heuristic|heuristic+minimax"]
    space += ["reuse_evaluation_batch=choice:false|true", "evaluation_size=choice:none|40", "width=int:7:9"]
    space += ["gamma=uniform:-0.2:-0.1", "augmentations=choice:color|color+cutout"]
    made = new("--preset", "digits", "--search", *space)
    base = search_setup.read_command_line(["--preset", "digits", "--name", "digits-search"]).config
    assert made.config == base
    point = search_setup.read_command_line(asked[0]).config
    assert point in [config_of(base, made.space, drawn) for drawn in suggestions(made, [], search_setup.CANDIDATES)]
    assert point.evolution.fitness in ("mine:fitness", "logit")
    assert set(point.evolution.mutations) == {"minimax", "heuristic"} and -0.2 <= point.evolution.gamma <= -0.1
    assert point.evolution.evaluation_size in (None, 40) and 7 <= point.network.width <= 9
    assert point.evolution.augmentations[0] == "color"


def test_a_budget_is_generations_or_a_time() -> None:
    assert parse_budget("20000").generations == 20_000
    assert [parse_budget(text).seconds for text in ("90s", "1.5m", "2h")] == [90.0, 90.0, 7200.0]
    for text in ("", "0", "0m", "-3", "1.5", "1d", "m", "1e3", "nan"):
        with pytest.raises(InputError, match="budget: must be generations, or a time"):
            parse_budget(text)
