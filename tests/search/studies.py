"""Studies whose trials take a moment, because nothing is trained."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from egan_tf.search.definition import Definition
from egan_tf.search.space import parse_space
from egan_tf.search.start import Start
from egan_tf.search.study import Study, create_study, open_study
from egan_tf.search.worker import Worker
from egan_tf.training.presets import preset

ROOT = Path(__file__).parents[2]
TRAINER = [sys.executable, str(Path(__file__).with_name("fake_trainer.py"))]
RATE = "generator_learning_rate=log:0.0001:0.01"

WORKER = """
import sys
from pathlib import Path
from egan_tf.search.study import open_study
from egan_tf.search.worker import Worker
from tests.search.studies import TRAINER
study = open_study(Path(sys.argv[1]), *sys.argv[2:])
Worker(study, TRAINER, lambda: False, lambda line: print(line, flush=True)).work()
"""


def definition(*space: str, steps: int = 90, models_dir: str = "saved_models", **options: Any) -> Definition:
    """A study of the digits: nine evaluations, rungs at a ninth and a third."""
    run = {"name": "s", "steps": steps, "models_dir": models_dir}
    config = preset("digits").replace(run=run, metrics={"evaluate_every": 10})
    return Definition(config, parse_space(space), **options)


def made(
    where: Path, *space: str, trials: int = 6, seeds: tuple[int, ...] = (), url: str = "", **options: Any
) -> Study:
    """A new study, with its first trials queued."""
    start = Start(0 if seeds else trials, seeds=seeds)
    return create_study(definition(*space, sweep=bool(seeds), **options), where / "studies", url, start)


def work(study: Study, stopped: Callable[[], bool] = lambda: False) -> list[str]:
    """Works until the study is finished; returns what was reported."""
    lines: list[str] = []
    Worker(study, TRAINER, stopped, lines.append).work()
    return lines


def started_worker(study: Study, *url: str, gate: Path) -> subprocess.Popen[str]:
    """A worker in a process of its own, whose trials wait after their first evaluation until there is a file `gate`."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(study.folder), *url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FAKE_GATE": str(gate), "PYTHONPATH": str(ROOT)},
    )


def reopened(study: Study, url: str = "") -> Study:
    return open_study(study.folder, url)
