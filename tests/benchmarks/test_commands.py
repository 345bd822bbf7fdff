"""Every benchmark can be imported and prints its help."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import pytest

import benchmarks
from benchmarks.against import statistics
from benchmarks.against_worker import CASES, OLD_NAMES, spelled
from egan_tf import EGAN

MODULES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
LIBRARIES = {
    "authors",
    "baselines",
    "gpu_card",
    "gpu_executable",
    "gpu_inputs",
    "keras_conditional",
    "methods",
    "cost_model",
    "job_processes",
    "prices",
    "robustness_table",
    "timing",
    "tournament_models",
    "variants",
}


@pytest.mark.parametrize("name", MODULES)
def test_benchmark_answers_help(name, monkeypatch, capsys):
    module = importlib.import_module(f"benchmarks.{name}")
    assert hasattr(module, "main") == (name not in LIBRARIES)
    if name in LIBRARIES:
        return
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as stopped:
        module.main()
    assert not stopped.value.code and "usage: " in capsys.readouterr().out


def test_settings_are_spelled_as_the_constructor_takes_them():
    def old(generator, *, reuse_scoring=True, latent="normal", r1=0.0, moving_average=0.0, evaluation_size=None): ...

    settings = {name: value for case in CASES.values() for name, value in case.settings.items()}
    assert set(OLD_NAMES) <= set(settings)
    assert spelled(settings, EGAN.__init__) == settings
    assert spelled({"r1_weight": 1.0, "evaluation_size": 8}, old) == {"r1": 1.0, "evaluation_size": 8}
    assert set(OLD_NAMES.values()) == set(spelled(dict.fromkeys(OLD_NAMES, 1), old))


def test_turns_are_compared_pair_by_pair():
    pairs = [{"this": 1.0, "other": 2.0}, {"this": 9.0, "other": 3.0}, {"this": 2.0, "other": 2.0}]
    found = statistics(pairs)
    assert found["ratios"] == [0.5, 3.0, 1.0]
    assert found["ratio"] == {"median": 1.0, "quartile_1": 0.75, "quartile_3": 2.0}
    assert found["this"]["median_ms"] == found["other"]["median_ms"] == 2000.0
