"""Searches that resolve and train nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from egan_tf.commands import search_setup
from egan_tf.search.default_space import refusal
from egan_tf.training.config import Config
from egan_tf.utils.checks import InputError, RunError
from tests.search.studies import TRAINER


@pytest.fixture
def _without_a_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the configuration as `egan-train --dry-run` would resolve it, which takes ten seconds."""

    def resolved(arguments: list[str]) -> Config:
        config = search_setup.read_command_line(arguments).config
        problem = refusal(config)
        if problem:
            raise InputError(*problem.split(": ", 1))
        return config

    monkeypatch.setattr(search_setup, "_dry_run", resolved)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _faked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials that train nothing, and no winner to export."""
    from egan_tf.search import process, winner

    def exported(*arguments):
        raise RunError("nothing was trained")

    monkeypatch.setattr(process, "python_command", lambda *_: TRAINER)
    monkeypatch.setattr(winner, "export_winner", exported)
    monkeypatch.setenv("FAKE_SECONDS", "0.002")
