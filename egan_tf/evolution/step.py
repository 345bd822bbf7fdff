"""One generation on a model's variables: reads the state, runs the pure functions of `generation`, writes it back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.bandit import after_generation, distance_fn
from egan_tf.evolution.batches import (
    Batch,
    Batches,
    LabelledBatches,
    RealBatches,
    evaluation_batch,
    fresh_batches,
)
from egan_tf.evolution.branches import do_either, either
from egan_tf.evolution.burn_in import during_burn_in
from egan_tf.evolution.choices import Choices
from egan_tf.evolution.discriminator_update import DiscriminatorTraining
from egan_tf.evolution.evaluation import gradient_norm, norm_by_columns
from egan_tf.evolution.generation import Generation
from egan_tf.evolution.input_check import InputCheck
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.lecam import next_anchors
from egan_tf.evolution.logs import Logs, selection_logs
from egan_tf.evolution.loss_scale import adjusts_scale, loss_scale, scaled_gradient
from egan_tf.evolution.map_functions import choose_map
from egan_tf.evolution.noise import GenerationNoise
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.plain_generation import plain_generation
from egan_tf.evolution.population import Population
from egan_tf.evolution.samples import bytes_to_floats
from egan_tf.evolution.schedule import after_plain, after_tournament
from egan_tf.evolution.selection import all_finite
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import NetworkState, Tensors, read, state_of, write, write_state
from egan_tf.evolution.variation import DiscriminatorUpdate, Networks
from egan_tf.utils.checks import require


class EvolvingModel(Protocol):
    """The attributes of `EGAN` that a generation uses."""

    settings: EvolutionSettings
    choices: Choices
    conditional: bool
    jit_compile: Any
    latent: Latent
    generator: keras.Model
    discriminator: keras.Model
    discriminator_optimizer: keras.optimizers.Optimizer
    stateless_optimizer: StatelessOptimizer
    population: Population
    input_check: InputCheck
    generation: Any
    restarts: Any
    logit_anchors: keras.Variable | None
    tournament_held: bool | None

    @property
    def current_gamma(self) -> float | tf.Tensor:
        """γ of the current generation."""
        ...

    def generation_functions(self) -> Generation:
        """The pure functions of a generation."""
        ...


# As where Keras makes the train function: functions of the user mean the same for every kind of data. It also traces
# faster, by seconds.
@tf.autograph.experimental.do_not_convert
def evolve(model: EvolvingModel, batches: Batches) -> Logs:
    """Runs one generation: variation, evaluation, selection, discriminator steps.

    Whether it holds a tournament was decided at the end of the one before.

    Args:
        model: compiled; its population, discriminator and counters are changed. On several replicas the condition is
            around them all, and `tournament_held` says in which branch this is.
        batches: the real samples of the generation.

    Returns:
        Scalars for Keras' logs.
    """
    rule = model.choices.tournaments
    if rule.always or model.tournament_held:
        return _hold_tournament(model, batches)
    if rule.kind == "bandit" or model.tournament_held is False:
        return _continue_lines(model, batches)
    held = model.population.schedule.remaining <= 0
    tournament, plain = lambda: _hold_tournament(model, batches), lambda: _continue_lines(model, batches)
    return either(held, tournament, plain, bool(model.jit_compile))


def _hold_tournament(model: EvolvingModel, batches: Batches) -> Logs:
    """A generation in which all children are made and scored."""
    batches, noise = _begin(model, batches)
    settings, functions, step = model.settings, model.generation_functions(), noise.step
    state, parents = state_of(model.discriminator), model.population.individuals

    children = functions.make_children(noise, parents, state, batches)
    selected = functions.select(parents, model.population.scores, children)
    model.population.replace(selected, step, _ema_decay(settings, step))
    write_state(model.generator, take(selected.survivors.network, 0))

    logs: Logs = {}
    reuse = settings.reuse_evaluation_batch
    if reuse:
        training = _with_anchors(model, functions.training)
        update = training.reused_batch_update(
            noise, selected.updates, selected.fake, selected.retained, state, evaluation_batch(batches)
        )
        logs = _apply_discriminator_update(model, update)
    survivors = selected.survivors.network
    logs |= _train_on_fresh_batches(model, functions, noise, survivors, fresh_batches(batches), first=int(reuse))
    rule, population = model.choices.tournaments, model.population
    if not rule.always:
        after = after_tournament(rule, population.schedule, selected.outcome.material, selected.difference)
        population.schedule_stack.assign(after)
    write([model.generation], [step + 1])
    decided = selected.outcome.decided[0]
    return {**selection_logs(population, tf.constant(True), decided), **logs}


def _continue_lines(model: EvolvingModel, batches: Batches) -> Logs:
    """A generation without a tournament: a plain two-player step of each line."""
    batches, noise = _begin(model, batches)
    settings, functions, step = model.settings, model.generation_functions(), noise.step
    state, parents, population = state_of(model.discriminator), model.population.individuals, model.population

    rule = model.choices.tournaments
    arm = population.bandit.arm if rule.kind == "bandit" else None
    plain = plain_generation(functions, noise, parents, state, batches, arm)
    population.continue_lines(plain.survivors, plain.retained, step, _ema_decay(settings, step))
    survivors = plain.survivors.network
    write_state(model.generator, take(survivors, 0))

    reuse = settings.reuse_evaluation_batch
    fresh = fresh_batches(batches)
    first = evaluation_batch(batches) if reuse else fresh[0]
    training = _with_anchors(model, functions.training)
    logs = _apply_discriminator_update(
        model, training.update_on(noise, 0, plain.fake, state, first, evaluation=reuse), norm_by_columns
    )
    logs |= _train_on_fresh_batches(model, functions, noise, survivors, fresh if reuse else fresh[1:], first=1)
    if rule.kind == "bandit":
        after = after_generation(population.bandit, distance_fn(first[0], plain.fake))
        population.bandit_stack.assign(after)
    else:
        failed = tf.reduce_any(plain.retained)
        population.schedule_stack.assign(after_plain(rule, population.schedule, failed, plain.difference))
    write([model.generation], [step + 1])
    return {**selection_logs(population, tf.constant(False), tf.constant(False)), **logs}


def _begin(model: EvolvingModel, batches: Batches) -> tuple[Batches, GenerationNoise]:
    """The real samples as the networks take them, and the noise of the generation."""
    batches = _as_floats(_with_labels_as_needed(model, batches))
    step = tf.identity(model.generation.value)
    batches = model.input_check.without_bad_labels(batches, step)
    model.input_check.count(batches, step)
    return batches, GenerationNoise(model.latent, model.settings.seed, step, tf.identity(model.restarts.value))


def _train_on_fresh_batches(
    model: EvolvingModel,
    functions: Generation,
    noise: GenerationNoise,
    survivors: NetworkState,
    batches: Sequence[Batch],
    first: int,
) -> Logs:
    """Discriminator steps number `first` and so on, a fresh batch each; the logs of the last one, if there is one."""
    logs: Logs = {}
    for number, batch in enumerate(batches, start=first):
        state, training = state_of(model.discriminator), _with_anchors(model, functions.training)
        update = training.fresh_batch_update(noise, number, survivors, state, batch)
        logs = _apply_discriminator_update(model, update)
    return logs


def _ema_decay(settings: EvolutionSettings, step: tf.Tensor) -> float | tf.Tensor:
    if not settings.burn_in or settings.initial_ema_decay is None:
        return settings.ema_decay
    return during_burn_in(settings.initial_ema_decay, settings.ema_decay, step, settings.burn_in)


def _with_anchors(model: EvolvingModel, training: DiscriminatorTraining) -> DiscriminatorTraining:
    """The training with the current anchors of LeCam regularization, which every step of the discriminator moves."""
    if model.logit_anchors is None:
        return training
    return dataclasses.replace(training, anchors=tf.identity(model.logit_anchors.value))


def finish_training(model: EvolvingModel) -> None:
    """At the end of `fit`, optimizers with `use_ema` replace the weights by their averages, as for any Keras model."""
    population, optimizer = model.population, model.stateless_optimizer
    if optimizer.averages:
        individuals = population.individuals
        weights = optimizer.final_weights(individuals.network.trainable, individuals.slots)
        population.weights_stack.assign(weights)
        write(optimizer.weights, take(weights, 0))
    # The weights that it was built for: a callback may have frozen some since.
    other = model.discriminator_optimizer
    other.finalize_variable_values(other._trainable_variables)


def generation_functions(model: EvolvingModel) -> Generation:
    """The pure functions of a generation for the model's networks and settings."""
    networks = Networks(model.generator, model.discriminator)
    map_fn = choose_map(*networks)
    operators, fitness, loss, _ = model.choices
    scale = loss_scale(model.discriminator_optimizer)
    training = DiscriminatorTraining(networks, loss, model.settings, map_fn, scale)
    optimizer, settings = model.stateless_optimizer, model.settings
    return Generation(networks, optimizer, operators, fitness, training, settings, map_fn, model.current_gamma)


def _with_labels_as_needed(model: EvolvingModel, batches: Batches) -> Batches:
    labelled = isinstance(batches, LabelledBatches)
    require(labelled or not model.conditional, "y", "must hold labels: the networks are conditional")
    return batches if model.conditional else RealBatches(batches.evaluation, batches.fresh)


def _as_floats(batches: Batches) -> Batches:
    evaluation, fresh = bytes_to_floats(batches.evaluation), bytes_to_floats(batches.fresh)
    return batches._replace(evaluation=evaluation, fresh=fresh)


def _apply_discriminator_update(
    model: EvolvingModel, update: DiscriminatorUpdate, norm_of: Callable[[Tensors], tf.Tensor] = gradient_norm
) -> Logs:
    """One optimizer step of the discriminator; an update that is not finite is skipped and counted."""
    optimizer, weights = model.discriminator_optimizer, model.discriminator.trainable_variables
    norm = norm_of(update.gradient)
    after = tf.nest.map_structure(lambda value: value[None], (update.non_trainable, update.weights, update.mean_logits))
    finite = tf.math.is_finite(norm) & tf.math.is_finite(update.loss) & all_finite(after, 1)[0]
    gradient = scaled_gradient(update.gradient, loss_scale(optimizer))

    def accept_forward_pass() -> None:
        if update.weights:
            write(weights, update.weights)
        write(model.discriminator.non_trainable_variables, update.non_trainable)
        if model.logit_anchors is not None:
            write([model.logit_anchors], [next_anchors(model.logit_anchors.value, update.mean_logits)])

    def step() -> None:
        accept_forward_pass()
        _apply_gradient(optimizer, gradient, weights)

    if adjusts_scale(optimizer):
        do_either(finite, accept_forward_pass, model.population.count_skipped_step, bool(model.jit_compile))
        # The optimizer must see what is not finite, to skip it and to lower its scale.
        seen = tuple(tf.where(finite, part, tf.constant(np.nan, part.dtype)) for part in gradient)
        _apply_gradient(optimizer, seen, weights)
    else:
        do_either(finite, step, model.population.count_skipped_step, bool(model.jit_compile))
    return {"discriminator_loss": update.loss, "discriminator_gradient_norm": norm}


def _apply_gradient(
    optimizer: keras.optimizers.Optimizer, gradient: Tensors, weights: Sequence[keras.Variable]
) -> None:
    """An optimizer step of the discriminator; the gradient is that of the global batch already."""
    if not replicas.under_strategy():
        optimizer.apply(gradient, weights)
        return
    # Keras' own step would assign to the variables of all replicas, which no condition allows.
    own = optimizer.variables
    after, own_after = optimizer.stateless_apply(list(read(own)), list(gradient), list(read(weights)))
    write([*weights, *own], [*after, *own_after])
