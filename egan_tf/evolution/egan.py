"""E-GAN as a Keras model: one generation is one `train_step`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution import real_data
from egan_tf.evolution.architecture import check_networks
from egan_tf.evolution.compiled_steps import several_steps
from egan_tf.evolution.fitness import gradient_norm
from egan_tf.evolution.generation import Batch, Generation, Lesson, Scores
from egan_tf.evolution.individuals import all_at_once, sweep_for, take
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.names import named_fitness, named_mutations
from egan_tf.evolution.population import Population, founders_of
from egan_tf.evolution.selection import all_finite
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stateless import NetworkState, StatelessOptimizer, apply_network, state_of, write
from egan_tf.evolution.variation import Networks
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.settings import settings_of
from egan_tf.utils.signatures import takes_settings

NETWORKS = ("generator", "discriminator")
# Settings that may hold functions.
FUNCTIONS = tuple(name for name, declared in settings_of(EvolutionSettings).items() if declared.functions)


@keras.saving.register_keras_serializable("egan_tf")
class EGAN(keras.Model):
    """Evolutionary generative adversarial network (Wang, Xu, Yao, Tao 2018, arXiv 1803.00657).

    A population of μ generators evolves against one discriminator. A generation copies every parent once per
    mutation, lets each copy take `mutation_steps` optimizer steps on its objective, scores all children on the same
    noise and the same real batch, keeps the μ fittest with their optimizer slots and their lineage, and trains the
    discriminator for `discriminator_steps` steps against them.

    `compile`, `fit`, callbacks, `steps_per_execution` and mixed precision work as with any Keras model. After each
    generation `generator` holds the weights of the fittest survivor; calling the model samples from it.
    """

    train_function: Any

    @takes_settings(EvolutionSettings)
    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, *, name: str = "egan", **settings: Any
    ) -> None:
        """Makes the first population: the generator as it is, and μ − 1 others of its architecture, newly drawn.

        Args:
            generator: latent noise [batch, latent] to samples [batch, ...], its last activation inside. With a
                second input it is conditional, and takes labels [batch].
            discriminator: samples (and labels, if the generator takes them) to logits [batch, 1].
            name: the model's name.
            {settings}

        Raises:
            InputError: in one line that names the argument, for whatever cannot work.
        """
        super().__init__(name=name)
        self.settings = EvolutionSettings(**settings)
        self._mutations = named_mutations(self.settings.mutations)
        self._fitness = named_fitness(self.settings.fitness)
        self.conditional = check_networks(generator, discriminator)
        noise_shape = generator.inputs[0].shape
        self.latent = Latent(noise_shape[-1], self.settings.latent_distribution)
        self.sample_shape = tuple(generator.outputs[0].shape[1:])
        self.generator = generator
        self.discriminator = discriminator
        self.population = Population(
            founders_of(generator, self.settings.population_size),
            len(self._mutations),
            averaged=self.settings.ema_decay > 0,
        )
        self.generation = self.add_weight(
            name="generation", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
        self.restarts = self.add_weight(name="restarts", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self._draw: Callable[[tf.Tensor, int], Any] | None = None
        self._batch_size = 0
        self._sample = tf.function(self._sample_best)
        self.built = True

    @property
    def mutation_names(self) -> tuple[str, ...]:
        """The mutations' names, in the order that `mutation` and `wins` count them."""
        return tuple(self._mutations)

    # -- the Keras side ------------------------------------------------------------------------------------------

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Samples of the fittest survivor for latent noise [batch, latent]."""
        return self.generator(inputs, training=training)

    def compile(
        self,
        generator_optimizer: str | keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: str | keras.optimizers.Optimizer | None = None,
        jit_compile: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        """Sets the optimizers, and gives every individual fresh slots.

        Args:
            generator_optimizer: any Keras optimizer; without one, Adam with the authors' settings (2e-4, β₁ 0.5).
            discriminator_optimizer: likewise; not the generator's own object.
            jit_compile: whether XLA compiles the generation. "auto" means on a GPU; and on a CPU where it pays: for
                dense networks whose real samples are drawn inside the step.
            **kwargs: `run_eagerly`, `steps_per_execution`, as for any Keras model.
        """
        mine, other = (_optimizer(o) for o in (generator_optimizer, discriminator_optimizer))
        require(mine is not other, "discriminator_optimizer", "must not be the generator's optimizer object")
        self._chooses_xla = jit_compile == "auto"
        super().compile(optimizer=None, jit_compile=not self._chooses_xla and bool(jit_compile), **kwargs)
        self.generator_optimizer, self.discriminator_optimizer = mine, other
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        children = self.settings.population_size * len(self._mutations)
        self._stateless_optimizer = StatelessOptimizer(mine, self.generator.trainable_variables, children)
        self.population.create_slots(self._stateless_optimizer.initial_slots())
        self.train_function = None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        steps_per_epoch: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Evolves; a step is a generation, an epoch one pass over the data.

        Args:
            x: real samples as an array [n, ...]; or a `tf.data.Dataset` of samples, batches, or (samples, labels);
                or a function `(generation, count) -> batch` to be drawn from inside the compiled step. Images are in
                [−1, 1], channels last.
            y: labels [n] for an array; they reach conditional networks only.
            batch_size: samples in a step of the discriminator and of a mutation; by default that of the dataset's
                batches, otherwise 32. A generation takes `samples_per_generation(batch_size)` real samples.
            epochs: passes over the data.
            steps_per_epoch: generations in an epoch; needed where the data has no end.
            **kwargs: `callbacks`, `verbose`, `initial_epoch`, as for any Keras model.

        Returns:
            Keras' history of the logs.

        Raises:
            InputError: for data that the discriminator cannot take, before any training.
        """
        source = real_data.RealData.of(x, y, self.sample_shape, batch_size, self.settings.seed)
        real_data.check_batch_size(source.batch_size, self.settings.population_size)
        if (source.draw, source.batch_size) != (self._draw, self._batch_size):
            self._draw, self._batch_size = source.draw, source.batch_size
            self.train_function = None
        if self._chooses_xla:
            self.jit_compile = self._xla_pays()
        size = self.samples_per_generation(source.batch_size)
        with warnings.catch_warnings():
            if steps_per_epoch is None:
                # Keras learns the length of an epoch from its end, and need not warn of it.
                warnings.filterwarnings("ignore", message="Your input ran out of data")
            return super().fit(
                source.blocks(size), epochs=epochs, steps_per_epoch=steps_per_epoch, shuffle=False, **kwargs
            )

    def _xla_pays(self) -> bool:
        if tf.config.list_logical_devices("GPU"):
            return True
        return self._draw is not None and sweep_for(self.generator, self.discriminator) is all_at_once

    def make_train_function(self, force: bool = False) -> None:
        """Keras' own; but where real samples are drawn inside the step, all generations of a call are one program."""
        inside = self._draw is not None and not self.run_eagerly and not tf.distribute.has_strategy()
        if not inside:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = several_steps(self.train_step, self.steps_per_execution, self.jit_compile)

    def samples_per_generation(self, batch_size: int) -> int:
        """How many real samples one generation takes: those for scoring, and a batch for each fresh step."""
        return self._evaluation_size(batch_size) + self._fresh_steps * batch_size

    def _evaluation_size(self, batch_size: int) -> int:
        return self.settings.evaluation_size or batch_size

    @property
    def _fresh_steps(self) -> int:
        """The discriminator's steps on batches of their own."""
        return self.settings.discriminator_steps - self.settings.reuse_evaluation_batch

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One generation."""
        # Variation needs no real data, and would begin, and leave its traces, where the data has just ended.
        with tf.control_dependencies(tf.nest.flatten(data)):
            return self._evolve(data)

    # -- the generation ------------------------------------------------------------------------------------------

    @property
    def rules(self) -> Generation:
        """What a generation does, as functions of tensors."""
        return Generation(
            Networks(self.generator, self.discriminator),
            self._stateless_optimizer,
            list(self._mutations.values()),
            self._fitness,
            self.latent,
            self.settings,
            self._batch_size,
            self._evaluation_size(self._batch_size),
            sweep_for(self.generator, self.discriminator),
            tf.identity(self.restarts.value),
        )

    def _evolve(self, data: Any) -> dict[str, tf.Tensor]:
        rules, step = self.rules, tf.identity(self.generation.value)
        if self._draw is not None:
            data = self._draw(step, self.samples_per_generation(self._batch_size))
        scoring, fresh, labels = self._split(data)
        judge = state_of(self.discriminator)

        parents = self.population.individuals
        children = rules.vary(step, parents, judge, labels)
        selected = rules.select(parents, children, rules.score(step, children.network, judge, scoring))
        self.population.succeed(selected, step, self.settings.ema_decay)
        fittest = take(selected.survivors.network, 0)
        write(self.generator.trainable_variables, fittest.trainable)
        write(self.generator.non_trainable_variables, fittest.frozen)

        lesson = None
        if self.settings.reuse_evaluation_batch:
            lesson = self._learn(rules.scored_lesson(step, selected, judge, scoring))
        for number, batch in enumerate(fresh, start=int(self.settings.reuse_evaluation_batch)):
            judge = state_of(self.discriminator)
            lesson = self._learn(rules.fresh_lesson(step, number, selected.survivors.network, judge, batch))
        self.generation.assign(step + 1)
        return {**self._selection_logs(selected.scores), **(lesson or {})}

    def _split(self, data: Any) -> tuple[Batch, list[Batch], tf.Tensor | None]:
        """The real samples for scoring, those for each fresh step, and labels for the mutations' fakes."""
        samples, labels = data if isinstance(data, tuple) else (data, None)
        sizes = [self._evaluation_size(self._batch_size), *[self._batch_size] * self._fresh_steps]
        parts = tf.split(samples, sizes)
        if not self.conditional:
            return (parts[0], None), [(part, None) for part in parts[1:]], None
        named = tf.split(labels, sizes)
        first, *fresh = zip(parts, named, strict=True)
        return first, fresh, tf.gather(labels, tf.range(self._batch_size) % sum(sizes))

    def _learn(self, lesson: Lesson) -> dict[str, tf.Tensor]:
        """One optimizer step of the discriminator; a lesson that is not finite is skipped, and counted."""
        norm = gradient_norm(lesson.gradient)
        frozen = tf.nest.map_structure(lambda value: value[None], lesson.frozen)
        sound = tf.math.is_finite(norm) & tf.math.is_finite(lesson.loss) & all_finite(frozen, 1)[0]

        def step() -> None:
            self.discriminator_optimizer.apply(lesson.gradient, self.discriminator.trainable_variables)
            write(self.discriminator.non_trainable_variables, lesson.frozen)

        tf.cond(sound, step, self.population.count_skipped_step)
        return {"discriminator_loss": lesson.loss, "discriminator_gradient_norm": norm}

    def _selection_logs(self, children: Scores) -> dict[str, tf.Tensor]:
        """Scalars for Keras: of the fittest survivor under plain names, of the others with their rank behind."""
        values = {"mutation": self.population.lineage.mutation, "parent": self.population.lineage.parent}
        values |= self.population.scores._asdict()
        logs = {
            name if rank == 0 else f"{name}_{rank}": value[rank]
            for name, value in values.items()
            for rank in range(self.settings.population_size)
        }
        spread = tf.reduce_max(children.fitness) - tf.reduce_min(children.fitness)
        return {**logs, "fitness_spread": spread}

    # -- saving --------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; functions among them must be registered with Keras to be saved."""
        settings = dict(self.settings)
        for field in FUNCTIONS:
            settings[field] = keras.saving.serialize_keras_object(settings[field])
        networks = {field: keras.saving.serialize_keras_object(getattr(self, field)) for field in NETWORKS}
        return {"name": self.name, **networks, **settings}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> EGAN:
        """The model of a configuration, its weights newly drawn."""
        given = dict(config)
        for field in {*NETWORKS, *FUNCTIONS} & given.keys():
            given[field] = keras.saving.deserialize_keras_object(given[field], custom_objects)
        return cls(**given)

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        serialized = [keras.saving.serialize_keras_object(optimizer) for optimizer in optimizers]
        return {
            "generator_optimizer": serialized[0],
            "discriminator_optimizer": serialized[1],
            "jit_compile": "auto" if self._chooses_xla else self.jit_compile,
            "steps_per_execution": self.steps_per_execution,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as `get_compile_config` says."""
        given = dict(config)
        for field in ("generator_optimizer", "discriminator_optimizer"):
            given[field] = keras.saving.deserialize_keras_object(given[field])
        self.compile(**given)

    # -- the winners ---------------------------------------------------------------------------------------------

    def sample(self, noise: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Samples of the fittest survivor in inference mode, averaged where an average is kept.

        Args:
            noise: float32 [batch, latent].
            labels: [batch], for a conditional generator.

        Returns:
            float32 [batch, *sample_shape].

        Raises:
            InputError: for noise of another size than the generator takes.
        """
        noise = tf.convert_to_tensor(noise, tf.float32)
        fits = noise.shape.rank == 2 and noise.shape[1] == self.latent.size
        require(fits, "noise", f"must be [batch, {self.latent.size}], got {tuple(noise.shape)}")
        return self._sample(noise, labels)

    def _sample_best(self, noise: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
        population = self.population
        weights = population.averages or population.weights_stack.read()
        best = take(NetworkState(weights, population.frozen_stack.read()), 0)
        samples, _ = apply_network(self.generator, best, noise, labels, training=False)
        return tf.cast(samples, tf.float32)

    def individual(self, position: int = 0, averaged: bool | None = None) -> keras.Model:
        """A survivor as a plain Keras model of its own, which further training leaves alone.

        Args:
            position: its rank, 0 being the fittest of the last generation.
            averaged: whether with the moving average of its lineage's weights; by default where one is kept.

        Raises:
            InputError: if there is no such individual, or no moving average.
        """
        size = self.settings.population_size
        if not 0 <= position < size:
            raise InputError("individual", f"must be from 0 to {size - 1}, got {position}")
        keeps = self.settings.ema_decay > 0
        averaged = keeps if averaged is None else averaged
        require(keeps or not averaged, "averaged", "this model keeps no moving average; set ema_decay")
        population = self.population
        weights = population.averages if averaged else population.weights_stack.read()
        model = keras.models.clone_model(self.generator)
        write(model.trainable_variables, take(weights, position))
        write(model.non_trainable_variables, take(population.frozen_stack.read(), position))
        return model

    @property
    def best_generator(self) -> keras.Model:
        """The fittest survivor of the last generation as a plain Keras model; averaged, where an average is kept."""
        return self.individual(0)


def _optimizer(optimizer: str | keras.optimizers.Optimizer | None) -> keras.optimizers.Optimizer:
    if optimizer is None:
        return keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
    return keras.optimizers.get(optimizer)
