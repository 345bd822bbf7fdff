"""Checkpoints of a run: population, slots, lineage, averages, discriminator and its slots, counters, generation.

A checkpoint is a folder `GENERATION` (after the run rolled back, `GENERATION-rRESTARTS`) with TensorFlow's files and a
`manifest.json` that lists them with their SHA-256. It is written atomically, and read only if every file has its
SHA-256.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.egan import EGAN
from egan_tf.metrics.measurement import Measurement, alike
from egan_tf.training.checkpoint_folders import MANIFEST, checkpoint_folders, name_of
from egan_tf.training.checkpoint_scores import Score, comparable_scores, scores
from egan_tf.utils.atomic import atomic_directory, atomic_write, remove_leftovers, sha256_of
from egan_tf.utils.checks import InputError

STATE = "state"
FORMAT = 3
"""Incremented when the variables of a model change, to distinguish checkpoints of other versions from damaged ones."""


class DamagedError(ValueError):
    """A checkpoint does not match its manifest."""


class OtherVersionError(InputError):
    """A checkpoint was written by another version of egan_tf."""

    def __init__(self, directory: Path) -> None:
        """Args: directory: of the checkpoint."""
        super().__init__(
            "run",
            f"checkpoint {directory.name} was written by another version of egan_tf, and can be read only by that; "
            "the run's report and its exported model are still readable here",
        )


@dataclass(frozen=True)
class Manifest:
    """The metadata of a checkpoint.

    Attributes:
        generation: the number of generations so far.
        restarts: the number of rollbacks so far.
        fingerprint: of the data set.
        logs: the size of each log in bytes, by file name.
        score: of the model, higher is better; None if it was not evaluated.
        files: SHA-256 by file name.
        format: `FORMAT` of the version that wrote it.
        measurement: how the score was measured; None without a score, and in checkpoints of older versions.
    """

    generation: int
    restarts: int
    fingerprint: str
    logs: Mapping[str, int]
    score: float | None
    files: Mapping[str, str]
    format: int = FORMAT
    measurement: Measurement | None = None


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, folder: Path, egan: EGAN, kept: int = 3) -> None:
        """Takes the folder and the model.

        Args:
            folder: of the checkpoints; made if needed.
            egan: a compiled model.
            kept: the number of newest checkpoints to keep; the best is kept besides.
        """
        self.folder, self.kept, self._egan = folder, kept, egan
        # Listed explicitly: TensorFlow's own search of a Keras model skips variables in lists.
        self._state = tf.train.Checkpoint(
            model=_values(egan.variables),
            generator_optimizer=_values(egan.generator_optimizer.variables),
            discriminator_optimizer=_values(egan.discriminator_optimizer.variables),
        )

    def save(self, fingerprint: str, logs: Mapping[str, int], score: Score | None = None) -> None:
        """Saves the model, and removes checkpoints that are neither among the newest nor the best.

        Args:
            fingerprint: of the data set.
            logs: the size of each log in bytes, by file name; a resumed run cuts the logs to it.
            score: of the model, if it was evaluated.

        Raises:
            OSError: it cannot be written; the other checkpoints are unchanged.
        """
        generation, restarts = int(self._egan.generation.numpy()), int(self._egan.restarts.numpy())
        directory = self.folder / name_of(generation, restarts)
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        if directory.exists():
            shutil.rmtree(directory)
        try:
            with atomic_directory(directory) as partial:
                self._state.write(str(partial / STATE))
                files = {path.name: sha256_of(path) for path in sorted(partial.iterdir())}
                value, measurement = (None, None) if score is None else (score.value, score.measurement)
                kept = dict(logs)
                manifest = Manifest(generation, restarts, fingerprint, kept, value, files, FORMAT, measurement)
                atomic_write(partial / MANIFEST, json.dumps(asdict(manifest), indent=1) + "\n")
        except tf.errors.OpError as error:
            raise OSError(f"{directory} cannot be written: {str(error).splitlines()[0]}") from error
        self._prune()

    def is_best(self, score: Score) -> bool:
        """Whether a score is higher than that of every checkpoint that was measured alike."""
        similar = (other for other in scores(self.folder).values() if alike(other.measurement, score.measurement))
        return all(score.value > other.value for other in similar)

    def restore_best(self) -> tuple[Manifest, list[str]]:
        """Restores the checkpoint with the highest score, of those that were measured like the newest one.

        Returns:
            Its manifest; and a sentence for each checkpoint whose score was measured in another way.

        Raises:
            InputError: if no checkpoint has a score, or the best cannot be read.
        """
        values = comparable_scores(self.folder)
        if not values:
            raise InputError("checkpoint", f"no checkpoint in {self.folder} has a value of a metric; take the newest")
        best = _best(values)
        try:
            manifest = read_manifest(best)
            self._read(best)
        except DamagedError as error:
            raise InputError("checkpoint", f"the best, {best.name}, is damaged ({error}); take the newest") from error
        others = [directory.name for directory in scores(self.folder) if directory not in values]
        problem = "has a value of another metric or protocol than the newest one, and is not compared with it"
        return manifest, [f"checkpoint {name} {problem}" for name in others]

    def restore(self) -> tuple[Manifest | None, list[str]]:
        """Restores the newest undamaged checkpoint.

        Returns:
            Its manifest, None if there is no checkpoint at all; and a sentence for each newer one that was skipped.

        Raises:
            InputError: there are checkpoints, but none can be read; or another version wrote the newest.
        """
        skipped: list[str] = []
        directories = checkpoint_folders(self.folder)
        for directory in reversed(directories):
            try:
                manifest = read_manifest(directory)
                self._read(directory)
            except DamagedError as error:
                skipped.append(f"checkpoint {directory.name} is damaged ({error})")
                continue
            return manifest, skipped
        if directories:
            raise InputError("run", f"none of its checkpoints can be read: {'; '.join(skipped)}")
        return None, []

    def set_aside_damaged(self, restored: Manifest) -> list[str]:
        """Renames damaged checkpoints, so that the run can make them again, and none of them counts as the best.

        A renamed one is no checkpoint any more, and is kept for whoever can still read it.

        Args:
            restored: of the checkpoint that `restore` has read; all newer ones are damaged.

        Returns:
            A sentence for each damaged checkpoint that `restore` did not look at: the best ones.

        Raises:
            OSError: one cannot be renamed.
        """
        directories = checkpoint_folders(self.folder)
        known, names = name_of(restored.generation, restored.restarts), [path.name for path in directories]
        for directory in directories[names.index(known) + 1 :] if known in names else []:
            _set_aside(directory)
        found = []
        while values := comparable_scores(self.folder):
            best = _best(values)
            try:
                read_manifest(best)
            except DamagedError as error:
                found.append(f"checkpoint {best.name}, the best, is damaged ({error})")
                _set_aside(best)
            except OtherVersionError:
                break
            else:
                break
        return found

    def _read(self, directory: Path) -> None:
        try:
            self._state.read(str(directory / STATE)).assert_consumed()
        except (tf.errors.OpError, AssertionError, ValueError) as error:
            raise DamagedError(f"it belongs to another model: {str(error).splitlines()[0][:200]}") from error

    def _prune(self) -> None:
        directories = checkpoint_folders(self.folder)
        values = comparable_scores(self.folder)
        best = {_best(values)} if values else set()
        for directory in set(directories[: -self.kept]) - best:
            shutil.rmtree(directory, ignore_errors=True)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a checkpoint, after all its files were compared with their SHA-256.

    Raises:
        DamagedError: the manifest or a file is missing or damaged.
        OtherVersionError: another version wrote it.
    """
    try:
        values: Any = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        # The first version wrote no format.
        manifest = Manifest(**{"format": 1, **values})
        valid = (
            isinstance(manifest.format, int)
            and isinstance(manifest.generation, int)
            and isinstance(manifest.restarts, int)
            and isinstance(manifest.fingerprint, str)
            and isinstance(manifest.measurement, dict | None)
            and all(isinstance(size, int) and Path(name).name == name for name, size in manifest.logs.items())
            and all(Path(name).name == name for name in manifest.files)
            and f"{STATE}.index" in manifest.files
        )
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{MANIFEST} cannot be read") from error
    if not valid:
        raise DamagedError(f"{MANIFEST} is not a manifest")
    if manifest.format != FORMAT:
        raise OtherVersionError(directory)
    for name, expected in manifest.files.items():
        try:
            found = sha256_of(directory / name)
        except OSError as error:
            raise DamagedError(f"{name} cannot be read") from error
        if found != expected:
            raise DamagedError(f"{name} has another SHA-256 than {MANIFEST} lists")
    return manifest


def _best(values: Mapping[Path, float]) -> Path:
    return max(values, key=lambda directory: values[directory])


def _set_aside(directory: Path) -> None:
    aside = directory.with_name(f"{directory.name}.damaged")
    if aside.exists():
        shutil.rmtree(aside)
    directory.rename(aside)


def _values(variables: Iterable[keras.Variable]) -> list[tf.Variable]:
    return [variable.value for variable in variables]
