"""Standard streams that are closed, full or read no more: the commands do their work, and say what can be said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from egan_tf import __version__

ROOT = Path(__file__).parents[2]
CALL = """
import sys
from egan_tf.utils import command_line
from egan_tf.utils.checks import InputError
def main(arguments):
    from egan_tf.utils.log_line import log_line
    log_line("a notice")
    print("line\\n" * 10_000)
    open("done", "w").close()
    if arguments:
        raise InputError("seed", "must be larger")
sys.argv[0] = "egan-sample"
command_line.run(main, "sample")
"""


def called(shell: str, cwd: Path, *arguments: str, buffered: bool = True) -> subprocess.CompletedProcess[str]:
    """The command in a shell line where `"$@"` stands for it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "" if buffered else "1"}
    line = ["bash", "-c", shell, "bash", sys.executable, "-c", CALL, *arguments]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, env=environment, timeout=60, check=False)


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    ("shell", "status", "errors"),
    [
        ('"$@" | true; exit ${PIPESTATUS[0]}', 0, ["a notice"]),
        ('"$@" | head -n 1 > /dev/null; exit ${PIPESTATUS[0]}', 0, ["a notice"]),
        ('"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', 0, []),
        ('"$@" >&-', 0, ["a notice"]),
        ('"$@" >/dev/null 2>&-', 0, []),
        ('"$@" <&- >&- 2>&-', 0, []),
        ('"$@" >/dev/null 2>/dev/full', 0, []),
        (
            '"$@" >/dev/full',
            1,
            ["a notice", "egan-sample: error: cannot write the output: No space left on device"],
        ),
    ],
)
def test_a_stream_that_fails_costs_no_work(
    shell: str, status: int, errors: list[str], buffered: bool, tmp_path: Path
) -> None:
    done = called(shell, tmp_path, buffered=buffered)
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (status, "", errors)
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("shell", ['"$@" >/dev/null 2>&-', '"$@" >/dev/full 2>/dev/full', '"$@" | true 2>&-'])
def test_the_status_of_a_refusal_stays(shell: str, tmp_path: Path) -> None:
    assert called(f"{shell}; exit ${{PIPESTATUS[0]}}", tmp_path, "--seed").returncode == 2


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = CALL.replace('open("done", "w").close()', 'open("done", "w").write(str(open("other", "w").fileno()))')
    line = ["bash", "-c", '"$@" <&- >&- 2>&-', "bash", sys.executable, "-c", code]
    subprocess.run(line, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=True)
    assert int((tmp_path / "done").read_text()) > 2


@pytest.mark.parametrize("command", ["egan_tf.commands.train", "egan_tf.commands.export", "egan_tf.report.command"])
def test_help_and_version_into_a_pipe_that_nobody_reads(command: str, tmp_path: Path) -> None:
    for flag in ("--help", "--version"):
        code = f"import sys; sys.argv = ['x', '{flag}']; from {command} import cli; cli()"
        line = ["bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "bash", sys.executable, "-c", code]
        done = subprocess.run(
            line, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_streams_are_as_before_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    from egan_tf.utils.streams import lasting_streams

    before = sys.stdout, sys.stderr
    with lasting_streams() as (output, notices):
        print(f"egan_tf {__version__}")
        assert output.error is None and notices.error is None
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr().out == f"egan_tf {__version__}\n"
