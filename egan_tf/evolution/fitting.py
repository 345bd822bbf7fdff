"""`fit`: from the user's data and words to Keras' loop over generations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution import strategies
from egan_tf.evolution.adoption import adopt
from egan_tf.evolution.batches import Batches, GenerationSizes, as_batches, divides_evaluation, sizes_for
from egan_tf.evolution.callback_check import prepare_callbacks
from egan_tf.evolution.choices import Choices
from egan_tf.evolution.draw_source import draw
from egan_tf.evolution.fit_arguments import (
    FIT,
    check_executions,
    check_fit,
    check_words,
    quiet_end_of_data,
    require_compiled,
)
from egan_tf.evolution.input_check import InputCheckCallback
from egan_tf.evolution.keras_words import KerasWords
from egan_tf.evolution.multi_step import multi_step_function, xla_pays
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.population import Population
from egan_tf.evolution.real_data import source_of
from egan_tf.evolution.replicated import (
    ReplicatedStep,
    distributed,
    divided,
    only_replica_function,
    own_part,
    replicated_function,
    sizes_of_replica,
    unpacked,
)
from egan_tf.evolution.samples import SampleFormat, host_samples_and_labels
from egan_tf.evolution.source import SampleFn
from egan_tf.evolution.step import evolve, finish_training
from egan_tf.evolution.trainability import TrainableWeights
from egan_tf.evolution.xla_refusals import or_without, refusals_in_one_line
from egan_tf.utils.checks import format_value, require


class Fitting(KerasWords):
    """A model that `fit` trains, a generation at each step."""

    train_function: Any
    expected: SampleFormat
    generator: keras.Model
    population: Population
    choices: Choices
    stateless_optimizer: StatelessOptimizer
    _chooses_xla: bool
    _generator_weights: TrainableWeights
    # The last sample function that XLA has refused, where the model chooses.
    _not_for_xla: SampleFn | None = None
    # The sample function that the train function calls, with all else that it was made for; None for a dataset.
    _in_step: tuple[Any, ...] | None = None
    tournament_held: bool | None = None
    """Which branch of a generation is being traced; None where the generation decides."""

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        *,
        shuffle: bool | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        **words: Any,
    ) -> keras.callbacks.History:
        """Trains; a step is a generation, an epoch one pass over the data.

        Args:
            x: real samples of any floating-point type, images in [−1, 1] or uint8, channels last: an array or a list
                [n, ...]; a `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator of samples, batches of any
                sizes, or (samples, labels); or a function `(generation, count) -> batch` of tensors, called inside the
                compiled step. The order of an array is a function of seed and generation, so that several calls go on
                where the last one stopped; the order of a dataset or a generator is its own, and so is its resumption.
            y: labels [n] of an array; only conditional networks get them.
            batch_size: samples in a step of the discriminator and of a mutation; by default the argument of the
                `tf.data.Dataset`'s last `batch`, otherwise 32. A generation takes
                `samples_per_generation(batch_size)` real samples, however the data is divided into batches.
            epochs: passes over the data; what is left over by the last generation of an array comes first in the next.
            verbose: as for any Keras model.
            callbacks: Keras' callbacks; those that set the learning rate set that of both optimizers, or of one within
                `OnOptimizer`.
            shuffle: whether to shuffle an array, which is the default; other data has its own order.
            initial_epoch: as for any Keras model.
            steps_per_epoch: generations in an epoch; required for endless data.
            **words: Keras' other arguments, none of which has a meaning for a GAN.

        Returns:
            Keras' history of the logs.

        Raises:
            InputError: the data cannot be trained on, or an argument has no meaning; raised before training, but at
                the end of an epoch for samples of later batches that are not finite or outside [−1, 1], and for labels
                that are no class of the networks.
        """
        require_compiled(self, "fit")
        strategies.check_fit_scope(self)
        self._adopt()
        check_fit(words, epochs, initial_epoch, steps_per_epoch, verbose)
        expected, seed = self.expected, self.settings.seed
        source = source_of(x, y, expected, batch_size, seed, shuffle, lambda: int(self.generation.numpy()))
        source.check_epochs(epochs - initial_epoch, steps_per_epoch)
        sizes = sizes_for(self.settings, source.batch_size)
        self._check_sizes(sizes)
        first = [InputCheckCallback(sizes.total), keras.callbacks.LambdaCallback(on_train_end=self._finish)]
        checked = prepare_callbacks(callbacks, self, first)
        ready = [*checked, keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self._adopt())]
        with source.understandable_errors(), quiet_end_of_data(steps_per_epoch):
            epoch = source.epoch(sizes, steps_per_epoch)
            check_executions(epoch.steps, self.steps_per_execution)
            if self._chooses_xla:
                in_step = source.sample_fn is not None
                pays = self.replica_count == 1 and xla_pays(self.generator, self.discriminator, sampled_in_step=in_step)
                self._choose_xla(pays and not (in_step and source.sample_fn == self._not_for_xla))
            self._prepare_train_function(source.sample_fn, sizes)
            strategy = self._distribute_strategy
            with refusals_in_one_line():
                history = super().fit(
                    epoch.dataset if strategy is None else distributed(strategy, epoch.dataset),
                    epochs=epochs,
                    verbose=verbose,
                    callbacks=ready,
                    shuffle=False,
                    initial_epoch=initial_epoch,
                    steps_per_epoch=epoch.steps,
                )
        return history

    def _finish(self, logs: Any) -> None:
        """Comes before `on_train_end` of the user's callbacks, which see the weights that training leaves."""
        del logs
        finish_training(self)

    def _check_sizes(self, sizes: GenerationSizes) -> None:
        divided = divides_evaluation(self.settings)
        strategies.check_sizes(sizes, self.settings.population_size, self.replica_count, evaluation_divided=divided)

    def _adopt(self) -> None:
        """Gives the fittest survivor the weights that the user has set on the generator."""
        copied = self.stateless_optimizer.copied if self.compiled else ()
        adopt(self.population, self._generator_weights.variables, self.generator.weights, copied)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: None = None,
        class_weight: None = None,
        return_dict: bool = False,
        **words: Any,
    ) -> Any:
        """One generation (as many as `steps_per_execution`, on the same samples).

        Args:
            x: real samples, [samples_per_generation(batch_size), ...]; the batch size follows from their number.
            y: their labels, for conditional networks.
            sample_weight: Keras' weights of samples, which have no meaning for a GAN.
            class_weight: likewise.
            return_dict: whether to return the logs by name; otherwise a list in the order of the sorted names.
            **words: no others have a meaning.

        Returns:
            The logs of the last generation, as numpy scalars.

        Raises:
            InputError: the discriminator cannot take the samples, their number fits no batch size, or an argument has
                no meaning.
        """
        require_compiled(self, "train_on_batch")
        self._adopt()
        words |= {"sample_weight": sample_weight, "class_weight": class_weight}
        check_words("train_on_batch", words, ("x", "y", "return_dict"), FIT)
        require(isinstance(return_dict, bool), "return_dict", f"must be True or False, got {format_value(return_dict)}")
        real = host_samples_and_labels(x, y, self.expected)
        self.input_check.say_unused_labels_once(y)
        batches = as_batches(real, self.settings)
        self._check_sizes(batches.sizes)
        self._prepare_train_function(None, batches.sizes)
        self.make_train_function()
        shared = batches if (strategy := self._distribute_strategy) is None else divided(strategy, batches)
        with refusals_in_one_line():
            logs = self.train_function(iter([shared] * self.steps_per_execution))
        values = {name: np.asarray(value) for name, value in sorted(logs.items())}
        return values if return_dict else list(values.values())

    def _prepare_train_function(self, sample_fn: SampleFn | None, sizes: GenerationSizes) -> None:
        """Makes the train function, unless Keras does: for a dataset without a strategy.

        With `sample_fn` all generations of a call are one program.
        """
        self.check_unchanged()
        options, strategy = (self.steps_per_execution, self.jit_compile, self.run_eagerly), self._distribute_strategy
        in_step = None if sample_fn is None and strategy is None else (sample_fn, sizes, *options)
        if in_step == self._in_step and (in_step is None or self.train_function is not None):
            return
        self._in_step, self.train_function = in_step, None
        if strategy is not None:
            self.train_function = self._replicated_function(sample_fn, sizes)
        elif sample_fn is not None:
            self.train_function = multi_step_function(
                lambda unused: evolve(self, self._drawn(sample_fn, sizes)), *options
            )
        if self._chooses_xla and self.jit_compile and sample_fn is not None:

            def without() -> Any:
                self.__dict__["_not_for_xla"] = sample_fn
                self._choose_xla(False)
                self._prepare_train_function(sample_fn, sizes)
                return self.train_function

            self.train_function = or_without(self.train_function, without)

    def _drawn(self, sample_fn: SampleFn, sizes: GenerationSizes) -> Batches:
        say = self.input_check.say_unused_labels_once
        return draw(sample_fn, tf.identity(self.generation.value), sizes, self.expected, say)

    # -- on the replicas of a strategy ---------------------------------------------------------------------------

    @property
    def replica_count(self) -> int:
        """The number of replicas that share every batch; 1 without a strategy."""
        return 1 if self._distribute_strategy is None else self._distribute_strategy.num_replicas_in_sync

    def _replicated_function(self, sample_fn: SampleFn | None, sizes: GenerationSizes) -> Any:
        if sample_fn is not None and self.replica_count == 1:
            options = self.steps_per_execution, self.jit_compile, self.run_eagerly
            return only_replica_function(
                self._distribute_strategy, lambda unused: evolve(self, self._drawn(sample_fn, sizes)), *options
            )
        rule, own_sizes = self.choices.tournaments, sizes_of_replica(sizes, self.replica_count)

        def step(data: Any) -> dict[str, tf.Tensor]:
            if sample_fn is not None:
                return evolve(self, own_part(self._drawn(sample_fn, sizes)))
            return self.train_step(unpacked(data, own_sizes))

        generation = ReplicatedStep(
            self._distribute_strategy,
            step,
            None if rule.always or rule.kind == "bandit" else lambda: self.population.schedule.remaining <= 0,
            self._holding,
            self.jit_compile,
        )
        return replicated_function(generation, self.steps_per_execution, run_eagerly=self.run_eagerly)

    @contextmanager
    def _holding(self, held: bool) -> Iterator[None]:
        self.__dict__["tournament_held"] = held
        try:
            yield
        finally:
            del self.__dict__["tournament_held"]

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Does nothing, as all is built; Keras' own fails on several machines."""
        del iterator, data_batch
