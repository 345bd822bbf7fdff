"""The command `egan-report`: what it refuses in one line, and a report that cannot be written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import egan_tf
from egan_tf.report import write_report_or_warn
from egan_tf.report.command import cli, main
from tests.report.page import parse
from tests.report.runs import make_run

BAD = {
    "no folder": (["absent"], "run: no folder absent"),
    "a file": (["file"], "run: no folder file"),
    "something else": (["empty"], "run: empty is not a run folder"),
    "nothing": ([], "arguments: the following arguments are required: run"),
    "unknown flag": (["run", "--fast"], "arguments: unrecognized arguments: --fast"),
    "no page": (["run", "--out", "config.json"], "out: must end in .html, got config.json"),
    "nowhere": (["run", "--out", "absent/x.html"], "out: cannot write"),
    "in the way": (["run", "--out", "folder.html"], "out: cannot write"),
    "twice": (["run", "./empty/../run"], "run: given twice: run, empty/../run"),
    "too many": (["many"], "run: a comparison takes 2 to 240 runs, got 241"),
    "one in a folder": (["one"], "run: a comparison takes 2 to 240 runs, got 1"),
    "once alone, once in its folder": (["one", "one/run"], "run: given twice: one/run, one/run"),
    "numbers of a run": (["run", "--json", "x.json"], "json: takes several runs, or a folder of runs"),
    "numbers in a page": (["run", "many", "--json", "x.html"], "json: must end in .json, got x.html"),
    "a look at several": (["many", "--walk"], "walk: takes one run, got 241"),
    "a second that is none": (["run", "empty"], "run: empty is not a run folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_impossible_requests_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run")
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.html").mkdir()
    for folder in ("one/run", *(f"many/{i:03d}" for i in range(241))):
        (tmp_path / folder / "samples").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    arguments, message = BAD[name]
    monkeypatch.setattr(sys, "argv", ["egan-report", *map(str, arguments)])
    with pytest.raises(SystemExit) as exited:
        cli()
    out, err = capsys.readouterr()
    assert (exited.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"egan-report: error: {message}")
    assert sorted(tmp_path.rglob("*")) == before, "nothing is left behind"


def test_the_command_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"egan_tf {egan_tf.__version__}\n"


def test_without_the_extra_one_line_names_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['jinja2'] = None; from egan_tf.report.command import cli; cli()"
    command = [sys.executable, "-c", code, str(make_run(tmp_path / "run"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "not installed (jinja2): pip install 'egan_tf[train]'" in done.stderr


def test_a_name_that_is_not_text(tmp_path: Path) -> None:
    run = make_run(tmp_path / os.fsdecode(b"run-\xff"))
    done = subprocess.run([sys.executable, "-m", "egan_tf.report", run], capture_output=True, check=True)
    assert done.stdout.decode().endswith("run-\ufffd/report.html\n")
    assert parse((run / "report.html").read_text()).one("h1").text == "run-\ufffd"


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")
    (run / "report.html").write_text("old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    write_report_or_warn(run)
    assert re.fullmatch("no report of the run was written: .*No space left.*\n", capsys.readouterr().err)
    monkeypatch.setattr("egan_tf.report.write.run_page", lambda *record: 1 / 0)
    write_report_or_warn(run)
    assert capsys.readouterr().err == "no report of the run was written: division by zero\n"
    assert (run / "report.html").read_text() == "old"
    assert not [path for path in run.iterdir() if path.name.startswith(".")]
