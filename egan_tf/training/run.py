"""A run on its way: generations with their records and checkpoints, until it is done, is stopped or cannot go on."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.metrics.extractors import Extractor
from egan_tf.report import write_report_or_warn
from egan_tf.training import run_folder
from egan_tf.training.callbacks.checkpoint import CheckpointCallback
from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.training.callbacks.progress import ProgressBar
from egan_tf.training.callbacks.sample_grid import SampleGrid
from egan_tf.training.checkpoints import Checkpoints, Manifest
from egan_tf.training.config import Config
from egan_tf.training.export_run import export, is_exported
from egan_tf.training.metric_setup import evaluations_of
from egan_tf.training.mutations_plot import draw_mutations_plot
from egan_tf.training.signals import Signals
from egan_tf.utils.atomic import atomic_write, remove_leftovers
from egan_tf.utils.checks import InputError, RunError
from egan_tf.utils.json_lines import JsonLinesWriter, read_records
from egan_tf.utils.log_line import log_line
from egan_tf.utils.versions import versions


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Attributes:
        egan: the model.
        run: the folder of the run's record.
        export: the folder of the exported generator.
    """

    egan: EGAN
    run: Path
    export: Path


class StoppedError(Exception):
    """A signal stopped the run, which has a checkpoint of the moment.

    Attributes:
        signal: its number.
        run: the folder of the run's record.
        generation: how many generations there have been.
        saved: whether the checkpoint could be written.
    """

    def __init__(self, signal: int, run: Path, generation: int, saved: bool) -> None:
        super().__init__(f"stopped by signal {signal} at generation {generation}")
        self.signal, self.run, self.generation, self.saved = signal, run, generation, saved


class Run:
    """A run on its way: the model, its configuration, and its folder with logs and checkpoints."""

    def __init__(
        self, egan: EGAN, config: Config, dataset: data.Dataset, extractor: Extractor | None, folder: Path
    ) -> None:
        self.egan, self.config, self.dataset, self.folder = egan, config, dataset, folder
        self.checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, egan, config.run.keep_checkpoints)
        self.metrics = JsonLinesWriter(folder / run_folder.METRICS)
        self.timings = JsonLinesWriter(folder / run_folder.TIMINGS)
        self.events = JsonLinesWriter(folder / run_folder.EVENTS)
        evaluations = JsonLinesWriter(folder / run_folder.EVALUATIONS)
        self.evaluations = evaluations_of(config, dataset, extractor, evaluations)
        self._saved = -1
        self.logs = (self.metrics, self.timings, evaluations)

    def go(self) -> Trained:
        """The generations that are left, the plots, the export."""
        atomic_write(self.folder / run_folder.VERSIONS, json.dumps(versions(), indent=2) + "\n")
        saved = self._evolve()
        with contextlib.suppress(FileNotFoundError):
            self._draw_plot()
        path = self._export(saved)
        write_report_or_warn(self.folder)
        self.events.append({"event": "exported", "time": now(), "generation": self.generation})
        return Trained(self.egan, self.folder, path)

    @property
    def generation(self) -> int:
        """How many generations there have been."""
        return int(self.egan.generation.numpy())

    def go_back_to(self, manifest: Manifest | None) -> None:
        """Cuts the logs to a checkpoint's, and clears away what was half written."""
        remove_leftovers(self.folder)
        remove_leftovers(self.folder / run_folder.SAMPLES)
        for log in self.logs:
            log.cut(0 if manifest is None else manifest.logs.get(log.path.name, 0))
        same = manifest is not None and manifest.restarts == int(self.egan.restarts.numpy())
        self._saved = manifest.generation if manifest is not None and same else -1

    def _evolve(self) -> bool:
        """Trains to the end; returns whether the end has a checkpoint."""
        while True:
            with Signals() as signals:
                keeper = self._keeper(signals)
                start = time.monotonic()
                if self.generation < self.config.run.steps:
                    self._fit(keeper)
                seconds = time.monotonic() - start
                if not keeper.stagnated:
                    saved = keeper.save()
            if not keeper.stagnated:
                break
            self._go_back_once()
        event = {"time": now(), "generation": self.generation, "seconds": round(seconds, 3)}
        cost = {"checkpoints": keeper.count, "checkpoint_seconds": round(keeper.seconds, 3)}
        if signals.received is None or self.generation >= self.config.run.steps:
            self.events.append({"event": "trained", **event, **cost})
            return saved
        self.events.append({"event": "stopped", **event, **cost, "signal": signals.received})
        if self.config.run.export_on_stop:
            log_line(f"model: {self._export(saved)}")
        raise StoppedError(signals.received, self.folder, self.generation, saved)

    def _keeper(self, signals: Signals) -> CheckpointCallback:
        run = self.config.run
        keeper = CheckpointCallback(
            self.checkpoints,
            self.logs,
            self.dataset.fingerprint,
            signals,
            every=run.checkpoint_every,
            minutes=run.checkpoint_minutes,
            stagnation_limit=run.stagnation_limit,
            check_every=run.log_every,
            saved=self._saved,
            score=self.evaluations.score if self.evaluations else lambda generation: None,
            restore_folder=self._restore_folder,
        )
        keeper.set_model(self.egan)
        return keeper

    def _fit(self, keeper: CheckpointCallback) -> None:
        run, start = self.config.run, self.generation
        times = read_records(self.timings.path) if self.timings.path.exists() else []
        self.egan.fit(
            self.dataset.batches(self.egan.samples_per_generation(self.config.data.batch_size), run.seed, start),
            batch_size=self.config.data.batch_size,
            steps_per_epoch=run.steps - start,
            callbacks=[
                MetricsLog(self.metrics, self.timings, run.log_every, _last_seconds(times)),
                SampleGrid(self.folder / run_folder.SAMPLES, run.sample_every, self.dataset.value_range),
                *([self.evaluations] if self.evaluations else []),
                *([self._tensorboard()] if run.tensorboard else []),
                keeper,
                ProgressBar(run.steps, run.log_every),
            ],
            verbose=0,
        )

    def _tensorboard(self) -> keras.callbacks.Callback:
        # Imported here, as TensorBoard takes a second to load.
        from egan_tf.training.callbacks.tensorboard import TensorBoardLog

        run, folder = self.config.run, self.folder / run_folder.TENSORBOARD
        return TensorBoardLog(folder, run.log_every, run.sample_every, self.dataset.value_range)

    def _go_back_once(self) -> None:
        """Back to the last good checkpoint, with other noise from there on; the second time the run ends.

        Raises:
            RunError: the second time.
        """
        generation, faults, limit = self.generation, self.egan.population.faults, self.config.run.stagnation_limit
        if int(self.egan.restarts.numpy()):
            self.events.append({"event": "failed", "time": now(), "generation": generation})
            raise RunError(
                f"generation {generation}: again no child was viable for {limit} generations, after the run had gone "
                f"back once ({int(faults.rejected_children)} children rejected, "
                f"{int(faults.skipped_discriminator_steps)} steps of the discriminator skipped); lower the learning "
                "rates or raise --r1-weight in a new run; to export what the last good generation made: "
                f"python export.py {self.folder}"
            )
        manifest, _ = self.checkpoints.restore()
        self.egan.restarts.assign_add(1)
        self.go_back_to(manifest)
        back = 0 if manifest is None else manifest.generation
        self.events.append({"event": "went back", "time": now(), "generation": generation, "to": back})
        log_line(
            f"generation {generation}: no child was viable for {limit} generations; "
            f"going back to generation {back}, once, with other noise"
        )

    def _restore_folder(self) -> None:
        """Puts the folder back where it has vanished while the run went on."""
        if not (self.folder / run_folder.CONFIG).exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            atomic_write(self.folder / run_folder.CONFIG, self.config.to_json())
            log_line(f"{self.folder} had vanished; made it again, without the records until then")

    def _draw_plot(self) -> None:
        try:
            records = read_records(self.metrics.path)
            if records:
                draw_mutations_plot(records, self.folder / run_folder.MUTATIONS_PLOT)
        except OSError as error:
            log_line(f"no plot of the mutations: {error.strerror or error}")

    def _export(self, saved: bool) -> Path:
        again = is_exported(self.config, self.generation) or None
        try:
            return export(self.egan, self.config, self.dataset, overwrite=again)
        except InputError as error:
            left = f"the run is kept: python export.py {self.folder} --name OTHER exports it again"
            raise RunError(f"{error}; {left if saved else 'and the last checkpoint could not be written'}") from error


def _last_seconds(times: list[dict[str, Any]]) -> float:
    seconds = times[-1].get("seconds", 0.0) if times else 0.0
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def now() -> str:
    """The time for a record."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
