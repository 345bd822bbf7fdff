"""E-GAN as a Keras model: one generation is one `train_step`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution import fit_arguments, strategies
from egan_tf.evolution.architecture import check_networks
from egan_tf.evolution.attributes import check_gamma, while_compiling
from egan_tf.evolution.augmentation import check_augmentations
from egan_tf.evolution.bandit import initial_bandit
from egan_tf.evolution.batches import as_batches, sizes_for
from egan_tf.evolution.choices import check_accumulation, check_burn_in, choices_of
from egan_tf.evolution.copies import copy_network, initial_population, settled
from egan_tf.evolution.fitting import Fitting
from egan_tf.evolution.function_checks import check_functions
from egan_tf.evolution.functional_optimizer import functional
from egan_tf.evolution.gamma import Gamma
from egan_tf.evolution.generation import Generation
from egan_tf.evolution.input_check import InputCheck
from egan_tf.evolution.latent import Latent, tensor_noise
from egan_tf.evolution.lecam import ANCHORS
from egan_tf.evolution.objective_slots import initial_objective_slots
from egan_tf.evolution.optimizer import StatelessOptimizer, check_own_optimizers, optimizer_for
from egan_tf.evolution.population import Population
from egan_tf.evolution.real_data import step_samples
from egan_tf.evolution.samples import SampleFormat, labels_for_noise, with_tensor_labels
from egan_tf.evolution.saving import SavedEGAN
from egan_tf.evolution.schedule import initial_schedule
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import NetworkState, apply_network
from egan_tf.evolution.step import evolve, generation_functions
from egan_tf.evolution.tournament_checks import check_slots_of
from egan_tf.evolution.trainability import TrainableWeights
from egan_tf.utils.checks import integer, require
from egan_tf.utils.registries import resolve
from egan_tf.utils.signatures import takes_settings

EXPORTER = "egan_tf.export.exporter:export_generator"
"""What `EGAN.export_generator` calls, `module:NAME`."""


@keras.saving.register_keras_serializable("egan_tf")
class EGAN(SavedEGAN, Fitting):
    """Evolutionary generative adversarial network (Wang, Xu, Yao, Tao 2018, arXiv 1803.00657).

    A population of μ generators evolves against one discriminator. A generation copies every parent once per
    mutation, lets each copy take `mutation_steps` optimizer steps on its objective, scores all children on the same
    noise and the same real batch, keeps the μ fittest with their optimizer slots and their lineage, and trains the
    discriminator for `discriminator_steps` steps against them. If `tournaments` is not "always", some
    generations give each parent one child instead, which is not scored.

    `compile`, `fit`, callbacks, `steps_per_execution` and mixed precision work as with any Keras model. After each
    generation `generator` holds the weights of the fittest survivor; calling the model samples from it. Weights
    that are set there, such as pretrained ones, are those of the fittest survivor from then on; a moving average that
    has moved before goes on from where it is. What a callback sets during `fit` counts from the next epoch on, if no
    generation comes between.
    """

    @takes_settings(EvolutionSettings)
    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, *, name: str = "egan", **settings: Any
    ) -> None:
        """Creates the initial population: the given generator, and μ − 1 copies with newly initialized weights.

        Args:
            generator: latent noise [batch, latent] to samples [batch, ...], its last activation inside. With a
                second input it is conditional, and takes labels [batch].
            discriminator: samples (and labels, if the generator takes them) to logits [batch, 1].
            name: the model's name.
            {settings}

        Raises:
            InputError: an argument is invalid, or the networks do not fit; the message is one line that names it.
        """
        strategies.check_strategy()
        super().__init__(name=name)
        self.settings = EvolutionSettings(**settings)
        self.choices = choices_of(self.settings)
        latent_size, self.sample_shape, self.conditional = check_networks(generator, discriminator)
        strategies.check_made_here("generator", generator.variables, "the network")
        strategies.check_made_here("discriminator", discriminator.variables, "the network")
        self.latent = Latent(latent_size, self.settings.latent_distribution)
        check_functions(self.choices)
        check_augmentations(self.settings.augmentations, self.sample_shape)
        self.generator = generator
        self.discriminator = discriminator
        self._generator_weights = TrainableWeights("generator", generator)
        check_gamma(self, self.settings.gamma)
        self._gamma = Gamma(self.settings.gamma)
        self.expected = SampleFormat.of(self.sample_shape, generator, discriminator)
        self.input_check = InputCheck(self.expected)
        size = self.settings.population_size
        self.population = Population(
            initial_population(generator, size),
            children=sum(operator.count(size) for operator in self.choices.operators),
            operators=len(self.operator_names),
            averaged=self.settings.ema_decay > 0,
            schedule=initial_schedule(self.choices.tournaments),
            bandit=initial_bandit(len(self.operator_names)) if self.choices.tournaments.kind == "bandit" else (),
        )
        self.generation = self._counter("generation")
        self.restarts = self._counter("restarts")
        self.logit_anchors = self._anchors() if self.settings.lecam_weight else None
        self._sample = tf.function(self._sample_best)
        self.built = True

    def _counter(self, name: str) -> keras.Variable:
        return self.add_weight(name=name, shape=(), dtype="int64", initializer="zeros", trainable=False)

    def _anchors(self) -> keras.Variable:
        """The state of LeCam regularization; a model without it has no such variable."""
        shape = (ANCHORS,)
        return self.add_weight(name="logit_anchors", shape=shape, dtype="float32", initializer="zeros", trainable=False)

    @property
    def operator_names(self) -> tuple[str, ...]:
        """The kinds of children, such as the mutations' names, in the order of `operator` and `selection_counts`."""
        return tuple(name for operator in self.choices.operators for name in operator.names)

    @property
    def state_variables(self) -> list[keras.Variable]:
        """All that training changes: of the compiled model and of both its optimizers."""
        return [*self.variables, *self.generator_optimizer.variables, *self.discriminator_optimizer.variables]

    # -- Keras' interface ----------------------------------------------------------------------------------------

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Samples of the fittest survivor, [batch, ...], for noise [batch, latent], or [noise, labels [batch]]."""
        return self.generator(inputs, training=training)

    @while_compiling
    def compile(
        self,
        generator_optimizer: str | keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: str | keras.optimizers.Optimizer | None = None,
        jit_compile: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        """Sets the optimizers, and gives every individual fresh optimizer slots.

        Args:
            generator_optimizer: any Keras optimizer; by default Adam with the authors' settings (rate 2e-4, β₁ 0.5).
                One that has been used before starts again without its slots and steps, at its current rate. Networks
                with layers in float16 get loss scaling, as in `keras.Model.compile`.
            discriminator_optimizer: likewise, but not the same object.
            jit_compile: whether XLA compiles the generation. "auto": in `fit` on one replica, on a GPU always, on a
                CPU where it pays, for dense networks whose real samples are made inside the step.
            **kwargs: `run_eagerly`, `steps_per_execution`, as for any Keras model.

        Raises:
            InputError: an argument has no meaning here, an optimizer is the other network's too or belongs to another
                scope, or the settings and the optimizers do not fit together.
        """
        fit_arguments.check_compile(jit_compile, kwargs)
        strategies.check_compile_scope(self)
        strategies.check_xla(jit_compile, self.replica_count)
        generators = optimizer_for(self.generator, generator_optimizer, "generator_optimizer")
        other = optimizer_for(self.discriminator, discriminator_optimizer, "discriminator_optimizer")
        check_own_optimizers(generators, other)
        strategies.check_optimizer_scope("generator_optimizer", generators)
        strategies.check_optimizer_scope("discriminator_optimizer", other)
        # Also because TensorFlow's own `apply` leaves a graph behind for every model, which is never freed.
        functional(other, self.discriminator.trainable_variables, "discriminator_optimizer")
        weights = self.generator.trainable_variables
        per_objective = self.settings.slots == "objective"
        # Where all objectives step in every generation their counts are that of the line.
        counts_differ = per_objective and not self.choices.tournaments.always
        stateless = StatelessOptimizer(generators, weights, "generator_optimizer", counts_differ)
        check_slots_of(self.settings, stateless)
        check_burn_in(self.settings, stateless.burns_in)
        check_accumulation(self.choices.operators, stateless.accumulates)
        # After all checks: a model whose `compile` was refused is as compiled as it was before.
        self._chooses_xla = jit_compile == "auto"
        super().compile(optimizer=None, jit_compile=not self._chooses_xla and bool(jit_compile), **kwargs)
        self.generator_optimizer, self.discriminator_optimizer = generators, other
        self.stateless_optimizer = stateless
        slots = self.stateless_optimizer.initial_slots(self.population.individuals.network.trainable)
        if per_objective:
            slots = initial_objective_slots(slots, len(self.operator_names))
        self.population.create_slots(slots)
        self.train_function = None

    def samples_per_generation(self, batch_size: int) -> int:
        """The number of real samples in a generation: the evaluation batch, and a batch for each fresh step.

        Raises:
            InputError: the batch size is no whole number, or too small for the population.
        """
        return sizes_for(self.settings, integer("batch_size", batch_size)).total

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One generation on `data`: batches as `fit` makes them, or samples in one tensor, or (samples, labels).

        Returns:
            The logs by name, numeric scalars.

        Raises:
            InputError: the model is not compiled, has changed since, or the data does not fit its networks.
        """
        fit_arguments.require_compiled(self, "train_step")
        self.check_unchanged()
        # Variation does not depend on real data; without this it would change variables after the data has ended.
        with tf.control_dependencies(tf.nest.flatten(data)):
            real = with_tensor_labels(step_samples(data, self.expected), self.expected)
            return evolve(self, as_batches(real, self.settings))

    def generation_functions(self) -> Generation:
        """The pure functions of a generation; a subclass may replace some of them."""
        return generation_functions(self)

    # -- sampling ------------------------------------------------------------------------------------------------

    def sample(self, noise: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Samples of the fittest survivor in inference mode, with averaged weights if the model keeps averages.

        Args:
            noise: [batch, latent], real numbers of any type.
            labels: [batch], for a conditional generator.

        Returns:
            float32 [batch, *sample_shape].

        Raises:
            InputError: the noise has another shape or holds no real numbers, or the labels are not what the networks
                take.
        """
        noise = tensor_noise(noise, self.latent.size)
        labels = labels_for_noise(labels, noise.shape[0], self.expected)
        self._adopt()
        return self._sample(noise, labels)

    def _sample_best(self, noise: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
        best = self._state_of(0, self.settings.ema_decay > 0)
        variables = self._generator_weights.variables
        samples, _ = apply_network(self.generator, best, noise, labels, training=False, variables=variables)
        return tf.cast(samples, tf.float32)

    def individual(self, position: int = 0, averaged: bool | None = None) -> keras.Model:
        """A copy of a survivor as a plain Keras model, which further training does not change.

        Args:
            position: its rank, 0 being the fittest of the last generation.
            averaged: whether to use the moving average of its weights; by default if the model keeps averages.

        Raises:
            InputError: there is no such individual, or no moving average.
        """
        position = integer("individual", position, 0, self.settings.population_size - 1)
        has_average = self.settings.ema_decay > 0
        require(has_average or not averaged, "averaged", "this model keeps no moving average; set ema_decay")
        self._adopt()
        state = self._state_of(position, has_average if averaged is None else averaged)
        return copy_network(self.generator, state, self._generator_weights.variables)

    def _state_of(self, position: int, averaged: bool) -> NetworkState:
        if averaged:
            state = take(self.population.sampling_state, position)
            return settled(self.generator, state, self._generator_weights.variables)
        return take(self.population.individuals.network, position)

    def export_generator(self, directory: str | os.PathLike[str], **options: Any) -> Path:
        """Exports the fittest survivor: files that sample without this class, with a card.

        Args:
            directory: of the export, such as `saved_models/NAME`.
            **options: of `egan_tf.export_generator`, such as `formats` or `class_names`.

        Returns:
            `directory`.

        Raises:
            InputError: as `egan_tf.export_generator`.
        """
        # By name, as registries are: the algorithm knows no files, so it must not import the export.
        return resolve(EXPORTER)(self, directory, **options)

    @property
    def best_generator(self) -> keras.Model:
        """The fittest survivor as a plain Keras model, with averaged weights if the model keeps averages."""
        return self.individual(0)
