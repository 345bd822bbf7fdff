"""`--runs-dir` beside a run that `--resume` names may say where that run is, and nothing else."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from egan_tf import InputError
from egan_tf.commands.ignored import check_runs_dir


def test_the_folder_that_a_run_is_in_may_be_named_besides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, elsewhere = tmp_path / "runs" / "001-x", tmp_path / "link"
    run.mkdir(parents=True)
    elsewhere.symlink_to(run)
    monkeypatch.chdir(run)
    for named in (str(run), f"{run}/", str(elsewhere), "."):
        check_runs_dir(Namespace(resume=named, runs_dir=str(tmp_path / "runs")), Path(named))
        with pytest.raises(InputError, match="^runs_dir: "):
            check_runs_dir(Namespace(resume=named, runs_dir=str(run)), Path(named))
