"""The training loop of a run: generations with records and checkpoints, until the run ends, stops or fails."""

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
from egan_tf.training import run_folder
from egan_tf.training.callbacks.checkpoint import CheckpointCallback
from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.training.callbacks.progress import ProgressBar
from egan_tf.training.callbacks.sample_grid import SampleGrid, remove_pictures
from egan_tf.training.checkpoints import Checkpoints, Manifest
from egan_tf.training.config import Config
from egan_tf.training.export_run import export, export_event, is_own_export
from egan_tf.training.metric_setup import make_class_evaluations, make_evaluations
from egan_tf.training.mutations_plot import draw_mutations_plot
from egan_tf.training.recorded_data import record_of
from egan_tf.training.run_errors import bad_data_in_one_line, memory_in_one_line, writing_to
from egan_tf.training.signals import Signals
from egan_tf.training.workers import Workers
from egan_tf.utils.atomic import atomic_write, remove_leftovers
from egan_tf.utils.checks import InputError, RunError, first_line
from egan_tf.utils.command_line import program
from egan_tf.utils.json_lines import JsonLinesWriter, read_records
from egan_tf.utils.log_line import log_line
from egan_tf.utils.versions import versions


@dataclass(frozen=True)
class Trained:
    """The result of a run.

    Attributes:
        egan: the model.
        run: the run's folder.
        export: the folder of the exported generator.
    """

    egan: EGAN
    run: Path
    export: Path


class StoppedError(Exception):
    """A signal stopped the run, after a checkpoint.

    Attributes:
        signal: its number.
        run: the run's folder; None in a worker that writes nothing.
        generation: the number of generations so far.
        saved: whether the last generation that had a viable child has a checkpoint.
    """

    def __init__(self, signal: int, run: Path | None, generation: int, saved: bool) -> None:
        super().__init__(f"stopped by signal {signal} at generation {generation}")
        self.signal, self.run, self.generation, self.saved = signal, run, generation, saved


class Run:
    """A run: the model, its configuration, and its folder with logs and checkpoints."""

    def __init__(
        self,
        egan: EGAN,
        config: Config,
        dataset: data.Dataset,
        extractor: Extractor | None,
        folder: Path,
        workers: Workers | None = None,
    ) -> None:
        self.workers = workers or Workers()
        self.egan, self.config, self.dataset, self.folder = egan, config, dataset, folder
        self.checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, egan, config.run.keep_checkpoints)
        self.metrics = JsonLinesWriter(folder / run_folder.METRICS)
        self.timings = JsonLinesWriter(folder / run_folder.TIMINGS)
        self.events = JsonLinesWriter(folder / run_folder.EVENTS)
        evaluations = JsonLinesWriter(folder / run_folder.EVALUATIONS)
        self.evaluations = make_evaluations(config, dataset, extractor, evaluations)
        by_class = JsonLinesWriter(folder / run_folder.CLASS_EVALUATIONS)
        self.class_evaluations = make_class_evaluations(config, dataset, extractor, by_class)
        self.logs = (self.metrics, self.timings, evaluations, by_class)
        # The generation of the newest checkpoint; -1 if there is none.
        self._saved = -1

    def run(self) -> Trained:
        """Trains the remaining generations, plots the selections, and exports the fittest generator.

        Raises:
            RunError: the run cannot continue, or its model cannot be exported.
            StoppedError: by a signal, after a checkpoint.
        """
        with writing_to(self.folder):
            atomic_write(self.folder / run_folder.VERSIONS, json.dumps(versions(), indent=2) + "\n")
            atomic_write(self.folder / run_folder.DATA, record_of(self.dataset))
        saved = self._train()
        self._draw_plot()
        return Trained(self.egan, self.folder, self._export(saved))

    @property
    def generation(self) -> int:
        """The number of generations so far."""
        return int(self.egan.generation.numpy())

    def roll_back(self, manifest: Manifest | None) -> None:
        """Cuts the logs to the length that they had at a checkpoint, and removes later pictures and half-written files.

        Args:
            manifest: of the checkpoint that the model was restored from; None for the start of the run.

        Raises:
            RunError: the folder cannot be written.
        """
        with writing_to(self.folder):
            remove_leftovers(self.folder)
            remove_leftovers(self.folder / run_folder.SAMPLES)
            remove_pictures(self.folder / run_folder.SAMPLES, -1 if manifest is None else manifest.generation)
            for log in self.logs:
                log.cut(0 if manifest is None else manifest.logs.get(log.path.name, 0))
        same = manifest is not None and manifest.restarts == int(self.egan.restarts.numpy())
        self._saved = manifest.generation if manifest is not None and same else -1

    def _train(self) -> bool:
        """Trains to the end; returns whether the last generation has a checkpoint."""
        # One for all rounds: a signal that arrives while the run rolls back stops the next round.
        with Signals() as signals:
            while True:
                checkpoint = self._checkpoint_callback(signals)
                self.workers.copy_from_chief(self.egan.state_variables)
                checkpoint.check_replicas()
                start = time.monotonic()
                if self.generation < self.config.run.steps:
                    at = self.folder, lambda: self.generation
                    with memory_in_one_line(*at), bad_data_in_one_line(*at):
                        self._fit(checkpoint)
                seconds = time.monotonic() - start
                if not checkpoint.stagnated:
                    saved = checkpoint.save_equal()
                    break
                self._roll_back_once()
        event = {"time": now(), "generation": self.generation, "seconds": round(seconds, 3)}
        cost = {"checkpoints": checkpoint.count, "checkpoint_seconds": round(checkpoint.seconds, 3)}
        if signals.received is None or self.generation >= self.config.run.steps:
            self.events.append({"event": "trained", **event, **cost})
            return saved
        self.events.append({"event": "stopped", **event, **cost, "signal": signals.received})
        if self.config.run.export_on_stop:
            log_line(f"model: {self._export(saved)}")
        raise StoppedError(signals.received, self.folder, self.generation, saved)

    def _checkpoint_callback(self, signals: Signals) -> CheckpointCallback:
        run = self.config.run
        checkpoint = CheckpointCallback(
            self.checkpoints,
            self.logs,
            self.dataset.fingerprint,
            signals,
            steps=run.steps,
            every=run.checkpoint_every,
            minutes=run.checkpoint_minutes,
            stagnation_limit=run.stagnation_limit,
            saved=self._saved,
            score=self.evaluations.score if self.evaluations else lambda generation: None,
            restore_folder=self._restore_folder,
            workers=self.workers,
        )
        checkpoint.set_model(self.egan)
        return checkpoint

    def _fit(self, checkpoint: CheckpointCallback) -> None:
        run, seed, start = self.config.run, self.config.evolution.seed, self.generation
        classes = len(self.dataset.class_names)
        times = read_records(self.timings.path) if self.timings.path.exists() else []
        progress = ProgressBar(run.steps, run.log_every)
        callbacks = [
            MetricsLog(self.metrics, self.timings, run.log_every, _last_seconds(times)),
            SampleGrid(self.folder / run_folder.SAMPLES, run.sample_every, self.dataset.value_range, classes),
            *([self.evaluations] if self.evaluations else []),
            *([self.class_evaluations] if self.class_evaluations else []),
            *([self._tensorboard()] if run.tensorboard else []),
            checkpoint,
            progress,
        ]
        with contextlib.closing(progress):
            self.egan.fit(
                self.dataset.batches(self.egan.samples_per_generation(self.config.data.batch_size), seed, start),
                batch_size=self.config.data.batch_size,
                steps_per_epoch=run.steps - start,
                callbacks=callbacks,
                verbose=0,
            )

    def _tensorboard(self) -> keras.callbacks.Callback:
        # Imported here, as TensorBoard takes a second to load.
        from egan_tf.training.callbacks.tensorboard import TensorBoardLog

        run, folder = self.config.run, self.folder / run_folder.TENSORBOARD
        classes = len(self.dataset.class_names)
        return TensorBoardLog(folder, run.log_every, run.sample_every, self.dataset.value_range, classes)

    def _roll_back_once(self) -> None:
        """Restores the last good checkpoint, and continues from there with other noise.

        Raises:
            RunError: the second time.
        """
        generation, failures, limit = self.generation, self.egan.population.failures, self.config.run.stagnation_limit
        failed = {"event": run_folder.FAILED, "time": now(), "generation": generation}
        if int(self.egan.restarts.numpy()):
            self.events.append({**failed, run_folder.ROLLED_BACK: True})
            raise RunError(
                f"generation {generation}: again no child was viable for {limit} generations, after the run had rolled "
                f"back once ({int(failures.rejected_children)} children rejected, "
                f"{int(failures.skipped_discriminator_steps)} steps of the discriminator skipped); lower the learning "
                "rates or raise --r1-weight in a new run; to export the last good generation: "
                f"{program('export')} {self.folder}"
            )
        manifest, _ = self.checkpoints.restore()
        if manifest is None:
            self.events.append({**failed, run_folder.ROLLED_BACK: False})
            raise RunError(
                f"generation {generation}: no child was viable for {limit} generations, and no checkpoint could be "
                "written before; free some space, lower the learning rates, and start a new run"
            )
        self.egan.restarts.assign_add(1)
        self.roll_back(manifest)
        restored = manifest.generation
        self.events.append({"event": "rolled back", "time": now(), "generation": generation, "to": restored})
        log_line(
            f"generation {generation}: no child was viable for {limit} generations; "
            f"rolling back to generation {restored}, once, with other noise"
        )

    def _restore_folder(self) -> None:
        """Makes the run's folder again if it was removed during training."""
        if not (self.folder / run_folder.CONFIG).exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            atomic_write(self.folder / run_folder.CONFIG, self.config.to_json())
            atomic_write(self.folder / run_folder.DATA, record_of(self.dataset))
            log_line(f"{self.folder} was removed; made it again, without the records so far")

    def _draw_plot(self) -> None:
        """Plots the selections; a failure is logged and does not end the run."""
        try:
            records = read_records(self.metrics.path)
            if records:
                draw_mutations_plot(records, self.folder / run_folder.MUTATIONS_PLOT)
        except Exception as error:  # drawing libraries and damaged records may raise anything, before the export
            reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
            log_line(f"no plot of the mutations: {reason}")

    def _export(self, saved: bool) -> Path:
        replace = is_own_export(self.folder, self.config) or None
        try:
            path = export(self.egan, self.config, self.dataset, overwrite=replace, run=self.folder)
        except InputError as error:
            advice = f"the run is kept: {program('export')} {self.folder} --name OTHER exports it again"
            raise RunError(f"{error}; {advice if saved else 'and the last checkpoint could not be written'}") from error
        self.events.append({"time": now(), "generation": self.generation, **export_event(path)})
        return path


def _last_seconds(times: list[dict[str, Any]]) -> float:
    seconds = times[-1].get("seconds", 0.0) if times else 0.0
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def now() -> str:
    """The local time with its offset from UTC, for a record."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
