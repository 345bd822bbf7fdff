"""The summary of the benchmark of searches, on numbers that are easy to compute by hand."""

from __future__ import annotations

from benchmarks.search import COMPARED, EVALUATIONS, METHODS, study_of, summarize


def test_summary_counts_the_draws_in_which_a_method_is_best():
    values = {"preset": (3.0, 1.0, 2.0), "search": (2.0, 1.0, 4.0)}
    jobs = [
        {"method": name, "draw": draw, "metrics": {COMPARED: value}}
        for name, found in values.items()
        for draw, value in enumerate(found)
    ]
    assert summarize(jobs) == {
        "preset": {"median": 2.0, "least": 1.0, "largest": 3.0, "times_best": 2},
        "search": {"median": 2.0, "least": 1.0, "largest": 4.0, "times_best": 2},
    }


def test_every_method_gets_as_many_generations_and_a_study_is_opened_again(tmp_path):
    for name, method in METHODS.items():
        for _ in range(2):
            study = study_of(method, 7200, 3, tmp_path / name, "data")
            steps = study.definition.config.run.steps
            assert steps == 7200 // method.parts and steps % EVALUATIONS == 0
            assert study.limits == (method.parts if method.pruning == "none" else 0, 7200)
            assert len(study.trials) == method.own
