"""E-GAN as a Keras model: one generation is one `train_step`."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from egan_tf import randomness
from egan_tf.checks import InputError, require
from egan_tf.evolution import real_data
from egan_tf.evolution.fitness import Evaluation, Fitness, evaluate
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.objectives import Mutation, discriminator_loss
from egan_tf.evolution.penalties import r1_penalty, wgan_gradient_penalty
from egan_tf.evolution.population import Individual, Lineage, Population, Scores, founders_of, stack, take
from egan_tf.evolution.selection import fittest
from egan_tf.evolution.settings import EvolutionSettings, named_fitness, named_mutations
from egan_tf.evolution.stateless import (
    NetworkState,
    StatelessOptimizer,
    Tensors,
    apply_network,
    state_of,
    write,
)
from egan_tf.evolution.variation import mutate

# What a generation draws noise for: each purpose has a stream of its own.
MUTATION, EVALUATION, DISCRIMINATOR, PENALTY = range(4)


NETWORKS = ("generator", "discriminator")


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

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        mutations: Sequence[str | Mutation] = EvolutionSettings.mutations,
        population_size: int = EvolutionSettings.population_size,
        gamma: float = EvolutionSettings.gamma,
        evaluation_size: int = EvolutionSettings.evaluation_size,
        discriminator_steps: int = EvolutionSettings.discriminator_steps,
        mutation_steps: int = EvolutionSettings.mutation_steps,
        fitness: str | Fitness = EvolutionSettings.fitness,
        latent: str = EvolutionSettings.latent,
        r1: float = EvolutionSettings.r1,
        gradient_penalty: float = EvolutionSettings.gradient_penalty,
        moving_average: float = EvolutionSettings.moving_average,
        seed: int = EvolutionSettings.seed,
        name: str = "egan",
    ) -> None:
        """Makes the first population: the generator as it is, and μ − 1 others of its architecture, newly drawn.

        Args:
            generator: latent noise [batch, latent] to samples [batch, ...], its last activation inside. With a
                second input it is conditional, and takes labels [batch].
            discriminator: samples (and labels, if the generator takes them) to logits [batch, 1].
            mutations: names in `MUTATIONS`, or functions from fake logits [batch, 1] to a scalar loss.
            population_size: μ, how many individuals survive a generation.
            gamma: γ, the weight of diversity in the fitness.
            evaluation_size: how many samples, real and generated, a child is scored on.
            discriminator_steps: optimizer steps of the discriminator per generation.
            mutation_steps: optimizer steps of a child before it is scored.
            fitness: a name in `FITNESSES`, or a function `(evaluation, gamma) -> scalar`, the higher the fitter.
            latent: distribution of the noise, "normal" or "uniform" (in [−1, 1]).
            r1: weight γ of the penalty γ/2·E‖∇ₓD(x)‖² on real samples (Mescheder et al. 2018).
            gradient_penalty: weight of E(‖∇ₓD(x)‖ − 1)² between real and fake samples (Gulrajani et al. 2017).
            moving_average: decay of the moving average of weights that follows each lineage, in updates per
                generation, with a warm-up; 0 for none.
            seed: all noise is a function of this and of the number of the generation.
            name: the model's name.

        Raises:
            InputError: in one line that names the argument, for whatever cannot work.
        """
        super().__init__(name=name)
        self.settings = EvolutionSettings(
            tuple(mutations) if isinstance(mutations, list) else mutations,
            population_size,
            gamma,
            evaluation_size,
            discriminator_steps,
            mutation_steps,
            fitness,
            latent,
            r1,
            gradient_penalty,
            moving_average,
            seed,
        )
        self._mutations = named_mutations(self.settings.mutations)
        self._fitness = named_fitness(self.settings.fitness)
        self.conditional = check_networks(generator, discriminator)
        noise_shape = generator.inputs[0].shape
        self.latent = Latent(noise_shape[-1], latent)
        self.sample_shape = tuple(generator.outputs[0].shape[1:])
        self.generator = generator
        self.discriminator = discriminator
        self.population = Population(
            founders_of(generator, population_size), len(self._mutations), averaged=moving_average > 0
        )
        self.generation = self.add_weight(
            name="generation", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
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
            jit_compile: whether XLA compiles the generation; "auto" means on a GPU only.
            **kwargs: `run_eagerly`, `steps_per_execution`, as for any Keras model.
        """
        mine, other = (_optimizer(o) for o in (generator_optimizer, discriminator_optimizer))
        require(mine is not other, "discriminator_optimizer", "must not be the generator's optimizer object")
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_logical_devices("GPU"))
        super().compile(optimizer=None, jit_compile=jit_compile, **kwargs)
        self.generator_optimizer, self.discriminator_optimizer = mine, other
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self._stateless_optimizer = StatelessOptimizer(mine, self.generator.trainable_variables)
        self.population.create_slots(self._stateless_optimizer.initial_slots())

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
        size = self.samples_per_generation(source.batch_size)
        with warnings.catch_warnings():
            if steps_per_epoch is None:
                # Keras learns the length of an epoch from its end, and need not warn of it.
                warnings.filterwarnings("ignore", message="Your input ran out of data")
            return super().fit(
                source.blocks(size), epochs=epochs, steps_per_epoch=steps_per_epoch, shuffle=False, **kwargs
            )

    def samples_per_generation(self, batch_size: int) -> int:
        """How many real samples one generation takes: a batch for each discriminator step, and those for scoring."""
        return self.settings.evaluation_size + self.settings.discriminator_steps * batch_size

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One generation."""
        # Variation needs no real data, and would begin, and leave its traces, where the data has just ended.
        with tf.control_dependencies(tf.nest.flatten(data)):
            return self._evolve(data)

    # -- the generation ------------------------------------------------------------------------------------------

    def _evolve(self, data: Any) -> dict[str, tf.Tensor]:
        step = tf.convert_to_tensor(self.generation.value)
        if self._draw is not None:
            data = self._draw(step, self.samples_per_generation(self._batch_size))
        scoring, batches = self._split(data)
        judge = state_of(self.discriminator)
        parents = self.population.individuals

        children = self._vary(step, parents, judge, batches[0][1])
        scores = self._score(step, children, judge, scoring)
        survivors = self._select(step, stack(children), scores)
        self.generation.assign_add(1)
        logs = [
            self._train_discriminator(step, number, survivors.network, real, labels)
            for number, (real, labels) in enumerate(batches)
        ]
        return {**self._selection_logs(scores), **logs[-1]}

    def _noise(self, step: tf.Tensor, count: int, purpose: int, number: int | tf.Tensor = 0) -> tf.Tensor:
        return self.latent.sample(count, randomness.stream(self.settings.seed, step, purpose, number))

    def _split(self, data: Any) -> tuple[real_data.Batch, list[real_data.Batch]]:
        """The real samples for scoring, and those for each discriminator step."""
        samples, labels = data if isinstance(data, tuple) else (data, None)
        sizes = [self.settings.evaluation_size, *[self._batch_size] * self.settings.discriminator_steps]
        parts = tf.split(samples, sizes)
        named = tf.split(labels, sizes) if self.conditional else [None] * len(sizes)
        first, *others = zip(parts, named, strict=True)
        return first, others

    def _vary(
        self, step: tf.Tensor, parents: Individual, judge: NetworkState, labels: tf.Tensor | None
    ) -> list[Individual]:
        """All children, parent by parent; siblings and cousins see the same noise."""
        children = []
        for position in range(self.settings.population_size):
            children += mutate(
                self.generator,
                self.discriminator,
                self._stateless_optimizer,
                take(parents, position),
                judge,
                lambda number: self._noise(step, self._batch_size, MUTATION, number),
                list(self._mutations.values()),
                self.settings.mutation_steps,
                labels,
            )
        return children

    def _score(
        self, step: tf.Tensor, children: list[Individual], judge: NetworkState, scoring: real_data.Batch
    ) -> Scores:
        """Every child on the same noise and the same real samples."""
        real, labels = scoring
        noise = self._noise(step, self.settings.evaluation_size, EVALUATION)

        def score(child: Individual) -> Scores:
            fake, _ = apply_network(self.generator, child.network, noise, labels)
            evaluation: Evaluation = evaluate(self.discriminator, judge, real, fake, labels)
            fitness = self._fitness(evaluation, self.settings.gamma)
            return Scores(evaluation.quality, evaluation.diversity, tf.cast(fitness, tf.float32))

        return stack([score(child) for child in children])

    def _select(self, step: tf.Tensor, children: Individual, scores: Scores) -> Individual:
        """Makes the fittest children the population."""
        chosen = fittest(scores.fitness, self.settings.population_size)
        survivors = take(children, chosen)
        parent, mutation = (
            tf.cast(chosen, tf.int64) // len(self._mutations),
            tf.cast(chosen, tf.int64) % len(self._mutations),
        )
        before = self.population.lineage
        lineage = Lineage(
            tf.gather(before.founder, parent),
            parent,
            mutation,
            tf.gather(before.ancestry, parent) + tf.one_hot(mutation, len(self._mutations), dtype=tf.int64),
        )
        averages = self._averaged(step, take(self.population.averages, parent), survivors.network.trainable)
        self.population.update(survivors, averages, lineage, take(scores, chosen), scores)
        best = take(survivors.network, 0)
        write(self.generator.trainable_variables, best.trainable)
        write(self.generator.non_trainable_variables, best.frozen)
        return survivors

    def _averaged(self, step: tf.Tensor, averages: Tensors, weights: Tensors) -> Tensors:
        """The moving averages after this generation, with a warm-up in which the early weights fade fast."""
        taken = tf.cast(step, tf.float32)
        decay = tf.minimum(self.settings.moving_average, (1.0 + taken) / (10.0 + taken))
        return tuple(
            average + tf.cast(1.0 - decay, average.dtype) * (weight - average)
            for average, weight in zip(averages, weights, strict=bool(averages))
        )

    def _train_discriminator(
        self, step: tf.Tensor, number: int, survivors: NetworkState, real: tf.Tensor, labels: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """One optimizer step of the discriminator on a real batch against the survivors' samples."""
        fake = self._survivors_samples(step, number, survivors, labels)
        state = state_of(self.discriminator)
        with tf.GradientTape() as tape:
            tape.watch(state.trainable)
            real_logits, frozen = apply_network(self.discriminator, state, real, labels)
            fake_logits, frozen = apply_network(self.discriminator, state._replace(frozen=frozen), fake, labels)
            loss = discriminator_loss(tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32))
            penalized = loss + self._penalty(step, number, state, real, fake, labels)
        gradient = tape.gradient(penalized, state.trainable, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        self.discriminator_optimizer.apply(gradient, self.discriminator.trainable_variables)
        write(self.discriminator.non_trainable_variables, frozen)
        return {"discriminator_loss": loss, "discriminator_gradient_norm": tf.linalg.global_norm(gradient)}

    def _survivors_samples(
        self, step: tf.Tensor, number: int, survivors: NetworkState, labels: tf.Tensor | None
    ) -> tf.Tensor:
        """A batch that all survivors contribute to, in shares as equal as the batch size allows."""
        noise = self._noise(step, self._batch_size, DISCRIMINATOR, number)
        size, count = self._batch_size, self.settings.population_size
        shares = [size // count + (position < size % count) for position in range(count)]
        noises = tf.split(noise, shares)
        named = [None] * count if labels is None else tf.split(labels, shares)
        parts = [
            apply_network(self.generator, take(survivors, position), noises[position], named[position])[0]
            for position in range(count)
        ]
        return tf.concat(parts, axis=0)

    def _penalty(
        self,
        step: tf.Tensor,
        number: int,
        state: NetworkState,
        real: tf.Tensor,
        fake: tf.Tensor,
        labels: tf.Tensor | None,
    ) -> tf.Tensor:
        def logits(samples: tf.Tensor) -> tf.Tensor:
            return tf.cast(apply_network(self.discriminator, state, samples, labels)[0], tf.float32)

        penalty = tf.constant(0.0)
        if self.settings.r1:
            penalty += self.settings.r1 * r1_penalty(logits, real)
        if self.settings.gradient_penalty:
            seed = randomness.stream(self.settings.seed, step, PENALTY, number)
            mix = randomness.uniform([self._batch_size], seed, 0.0, 1.0)
            fake = tf.cast(fake, real.dtype)
            penalty += self.settings.gradient_penalty * wgan_gradient_penalty(logits, real, fake, mix)
        return penalty

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
        settings = {field.name: getattr(self.settings, field.name) for field in dataclasses.fields(self.settings)}
        for field in ("mutations", "fitness"):
            settings[field] = keras.saving.serialize_keras_object(settings[field])
        networks = {field: keras.saving.serialize_keras_object(getattr(self, field)) for field in NETWORKS}
        return {"name": self.name, **networks, **settings}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> EGAN:
        """The model of a configuration, its weights newly drawn."""
        given = dict(config)
        for field in (*NETWORKS, "mutations", "fitness"):
            given[field] = keras.saving.deserialize_keras_object(given[field], custom_objects)
        return cls(**given)

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        serialized = [keras.saving.serialize_keras_object(optimizer) for optimizer in optimizers]
        return {
            "generator_optimizer": serialized[0],
            "discriminator_optimizer": serialized[1],
            "jit_compile": self.jit_compile,
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
        """
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
        keeps = self.settings.moving_average > 0
        averaged = keeps if averaged is None else averaged
        require(keeps or not averaged, "averaged", "this model keeps no moving average; set moving_average")
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


def check_networks(generator: keras.Model, discriminator: keras.Model) -> bool:
    """Whether the networks are conditional.

    Raises:
        InputError: if the two do not fit each other.
    """
    for field, network in (("generator", generator), ("discriminator", discriminator)):
        fits = isinstance(network, keras.Model) and getattr(network, "inputs", None)
        require(bool(fits), field, "must be a built functional or sequential keras.Model")
        require(len(network.inputs) <= 2, field, f"takes at most two inputs, this one has {len(network.inputs)}")
    noise = generator.inputs[0].shape
    require(
        len(noise) == 2 and noise[1] is not None,
        "generator",
        f"must take latent noise of shape [batch, latent], this one takes {tuple(noise)}",
    )
    made, judged = tuple(generator.outputs[0].shape[1:]), tuple(discriminator.inputs[0].shape[1:])
    require(made == judged, "discriminator", f"takes samples of shape {judged}, but the generator makes {made}")
    logits = tuple(discriminator.outputs[0].shape[1:])
    require(logits == (1,), "discriminator", f"must give one logit per sample, [batch, 1], this one gives {logits}")
    conditional = len(generator.inputs) == 2
    require(
        (len(discriminator.inputs) == 2) == conditional,
        "discriminator",
        "must take labels if, and only if, the generator does",
    )
    return conditional


def _optimizer(optimizer: str | keras.optimizers.Optimizer | None) -> keras.optimizers.Optimizer:
    if optimizer is None:
        return keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
    return keras.optimizers.get(optimizer)
