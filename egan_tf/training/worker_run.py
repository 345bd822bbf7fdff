"""The training loop of a worker that is not the chief: it trains with the others, and writes nothing."""

from __future__ import annotations

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.training.callbacks.joint import JointCallback
from egan_tf.training.config import Config
from egan_tf.training.run import StoppedError
from egan_tf.training.signals import Signals
from egan_tf.training.workers import Workers


class WorkerRun:
    """The part of a run that a worker has."""

    def __init__(self, egan: EGAN, config: Config, dataset: data.Dataset, workers: Workers) -> None:
        self.egan, self.config, self.dataset, self.workers = egan, config, dataset, workers

    def run(self) -> None:
        """Trains the remaining generations, in step with `Run.run` of the chief.

        Raises:
            StoppedError: by a signal to any of the processes.
        """
        with Signals() as signals:
            while self._train(signals).stagnated:
                pass
        generation = int(self.egan.generation.numpy())
        if signals.received is not None and generation < self.config.run.steps:
            raise StoppedError(signals.received, None, generation, True)

    def _train(self, signals: Signals) -> JointCallback:
        run, egan = self.config.run, self.egan
        joint = JointCallback(self.workers, signals, steps=run.steps, stagnation_limit=run.stagnation_limit)
        joint.set_model(egan)
        self.workers.copy_from_chief(egan.state_variables)
        joint.check_replicas()
        start, batch_size = int(egan.generation.numpy()), self.config.data.batch_size
        if start < run.steps:
            samples = self.dataset.batches(egan.samples_per_generation(batch_size), self.config.evolution.seed, start)
            steps = run.steps - start
            egan.fit(samples, batch_size=batch_size, steps_per_epoch=steps, callbacks=[joint], verbose=0)
        if not joint.stagnated:
            joint.check_replicas()
        return joint
