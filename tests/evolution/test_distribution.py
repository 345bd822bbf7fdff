"""Two replicas train the model that one device trains, at the same global batch: up to rounding, everything."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LIMIT, MOVED = 1e-5, 1e-3
CHECKS = ("refusals", "resumed", "drift", "one replica")
QUICK: dict[str, dict[str, Any]] = {
    "toy, tournaments by chance": {
        "optimizer": "adam",
        "settings": {
            "mutations": ["minimax", "least_squares"],
            "ema_decay": 0.9,
            "tournaments": "auto",
        },
    },
    "bandit, a batch at a time": {"data": "one batch", "settings": {"tournaments": "bandit"}},
}
SLOW: dict[str, dict[str, Any]] = {
    "conditional images, BatchNorm, augmented, LeCam": {
        "network": "dcgan",
        "norm": "batch",
        "conditional": True,
        "settings": {
            "mutations": ["heuristic"],
            "augmentations": ["color", "translation"],
            "lecam_weight": 0.1,
            "evaluation_size": 12,
        },
    },
    "relativistic, lazy R1 and R2, uneven shares": {
        "settings": {
            "population_size": 3,
            "mutations": ["relativistic"],
            "discriminator_loss": "relativistic",
            "r1_weight": 0.1,
            "r2_weight": 0.1,
            "penalty_every": 2,
            "discriminator_steps": 2,
        }
    },
    "Wasserstein, two mutation steps, a function": {
        "data": "function",
        "settings": {
            "mutations": ["wasserstein", "relativistic"],
            "discriminator_loss": "wasserstein",
            "gradient_penalty_weight": 1.0,
            "mutation_steps": 2,
            "reuse_evaluation_batch": False,
        },
    },
    "pairwise fitness, an array": {"data": "array", "settings": {"fitness": "pairwise"}},
}


def results(folder: Path, checks: tuple[str, ...], cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.evolution.replica_pairs", str(folder)]
    done = subprocess.run(
        [*command, json.dumps(checks), json.dumps(cases)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return results(tmp_path_factory.mktemp("checkpoints"), CHECKS, QUICK)


@pytest.fixture(scope="module")
def found_slowly(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return results(tmp_path_factory.mktemp("checkpoints"), (), SLOW)


@pytest.mark.parametrize("name", QUICK)
def test_two_replicas_equal_one_device(name: str, found: dict[str, Any]) -> None:
    check_pair(found[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_more_replicas_equal_one_device(name: str, found_slowly: dict[str, Any]) -> None:
    check_pair(found_slowly[name])


def check_pair(result: dict[str, Any]) -> None:
    assert result["difference"] < LIMIT, result
    assert result["moved"] > MOVED, "training has moved what is compared"
    assert result["equal"] and result["sampled"]


def test_a_resumed_run_is_exact_on_as_many_replicas_and_equal_up_to_rounding_on_others(found: dict[str, Any]) -> None:
    assert found["resumed"]["exact"]
    assert found["resumed"]["difference"] < LIMIT


def test_one_bit_of_drift_between_replicas_is_refused(found: dict[str, Any]) -> None:
    before, after = found["drift"]
    assert before == "equal"
    assert after.startswith("generation 7: replica 1 holds other numbers than replica 0") and "\n" not in after


def test_a_strategy_of_one_replica_equals_none_and_uses_its_device(found: dict[str, Any]) -> None:
    assert len(found["one replica"]) == 2
    for name, result in found["one replica"].items():
        assert result["difference"] < 1e-7, name
        assert result["device"] == "CPU:1"


@pytest.mark.parametrize(
    ("name", "said"),
    {
        "network outside": "generator: the network was made outside of the strategy's scope",
        "network inside": "generator: the network was made in the scope of a strategy",
        "other scope": "generator: the network was made outside of the strategy's scope",
        "optimizer outside": "generator_optimizer: the optimizer was made outside of the strategy's scope",
        "compile outside": "compile: was called outside of any strategy's scope",
        "fit in another scope": "fit: was called in the scope of a OneDeviceStrategy",
        "fit in a scope": "fit: was called in the scope of a MirroredStrategy",
        "batch size": "batch_size: must be a multiple of the number of replicas, 2, got 9",
        "population": "batch_size: must be at least 18",
        "evaluation size": "evaluation_size: must be a multiple of the number of replicas, 2, got 5",
        "xla": "jit_compile: cannot be True on 2 replicas",
        "kind": "strategy: CentralStorageStrategy",
    }.items(),
)
def test_wrong_uses_are_refused_in_one_line(name: str, said: str, found: dict[str, Any]) -> None:
    assert found["refusals"][name].startswith(said), found["refusals"][name]
    assert "\n" not in found["refusals"][name]


# -- pairwise over the settings --------------------------------------------------------------------------------------

FACTORS: dict[str, tuple[Any, ...]] = {
    "network": ("mlp", "dcgan"),
    "norm": ("none", "batch"),
    "conditional": (False, True),
    "data": ("dataset", "array"),
    "optimizer": ("sgd", "adam"),
    "population_size": (1, 2),
    "penalty": ("none", "r1_weight", "r2_weight", "gradient_penalty_weight"),
    "objective": ("logistic", "relativistic"),
    "augmentations": ((), ("color", "translation", "cutout")),
    "ema_decay": (0.0, 0.9),
    "kind": ("always", "auto", "crossover"),
    "mutation_steps": (1, 2),
}


def possible(row: dict[str, Any]) -> bool:
    """Whether a combination has a meaning, and the same second derivatives on one device and on several."""
    images = row.get("network") != "mlp" or not row.get("augmentations")
    # TensorFlow's moments on one device leave a term out of second derivatives, which penalties need.
    derivatives = row.get("norm") != "batch" or row.get("penalty", "none") == "none"
    return images and derivatives


def pairwise(factors: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Combinations in which every possible pair of values occurs, chosen greedily."""
    wanted = [
        {one: a, other: b}
        for one, other in itertools.combinations(factors, 2)
        for a, b in itertools.product(factors[one], factors[other])
        if possible({one: a, other: b})
    ]
    rows = []
    while wanted:
        row = dict(wanted[0])
        for name, values in factors.items():
            if name not in row:
                choices = [value for value in values if possible({**row, name: value})]
                gains = [sum(w.items() <= {**row, name: value}.items() for w in wanted) for value in choices]
                row[name] = choices[gains.index(max(gains))]
        rows.append(row)
        wanted = [pair for pair in wanted if not pair.items() <= row.items()]
    return rows


def case_of(row: dict[str, Any]) -> dict[str, Any]:
    relativistic, crossover = row["objective"] == "relativistic", row["kind"] == "crossover"
    settings = {name: row[name] for name in ("population_size", "augmentations", "ema_decay", "mutation_steps")}
    # With a single objective no siblings are tied, so that rounding decides nothing.
    settings["mutations"] = ["relativistic", "hinge"] if relativistic and crossover else ["relativistic"]
    if not relativistic:
        settings["mutations"] = ["heuristic", "least_squares"] if crossover else ["heuristic"]
    settings["operators"] = ["mutation", "crossover"] if crossover else ["mutation"]
    settings["tournaments"] = "auto" if row["kind"] == "auto" else "always"
    settings["discriminator_loss"] = row["objective"]
    if row["penalty"] != "none":
        settings[row["penalty"]] = 0.1
    return {name: row[name] for name in ("network", "norm", "conditional", "data", "optimizer")} | {
        "settings": settings
    }


@pytest.mark.slow
def test_two_replicas_equal_one_device_pairwise_over_the_settings(tmp_path: Path) -> None:
    cases = {json.dumps(row): case_of(row) for row in pairwise(FACTORS)}
    found = results(tmp_path, (), cases)
    # Of siblings that rounding makes unequal, chance chooses one: then their scores are compared.
    tied = {name: result["gap"] < LIMIT for name, result in found.items()}
    apart = {name: found[name]["scores" if tied[name] else "difference"] for name in found}
    assert {name: found[name] for name, value in apart.items() if not value < LIMIT} == {}
    assert all(result["equal"] and result["moved"] > MOVED for result in found.values())
    assert sum(tied.values()) < len(found) / 3, "most cases compare everything"
