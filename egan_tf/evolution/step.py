"""One generation on a model's variables: reads the state, runs the pure functions of `generation`, writes it back."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.batches import Batches, LabelledBatches, RealBatches
from egan_tf.evolution.burn_in import during_burn_in
from egan_tf.evolution.choices import Choices
from egan_tf.evolution.discriminator_update import DiscriminatorTraining
from egan_tf.evolution.evaluation import gradient_norm
from egan_tf.evolution.generation import Generation, evaluation_batch, fresh_batches
from egan_tf.evolution.input_check import InputCheck
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.lecam import next_anchors
from egan_tf.evolution.loss_scale import adjusts_scale, loss_scale, scaled_gradient
from egan_tf.evolution.map_functions import choose_map
from egan_tf.evolution.noise import GenerationNoise
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.population import Population
from egan_tf.evolution.samples import bytes_to_floats
from egan_tf.evolution.selection import all_finite
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import state_of, write, write_state
from egan_tf.evolution.variation import DiscriminatorUpdate, Networks, Scores
from egan_tf.utils.checks import require

Logs = dict[str, tf.Tensor]


class EvolvingModel(Protocol):
    """The attributes of `EGAN` that a generation uses."""

    settings: EvolutionSettings
    choices: Choices
    conditional: bool
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

    Args:
        model: compiled; its population, discriminator and counters are changed.
        batches: the real samples of the generation.

    Returns:
        Scalars for Keras' logs.
    """
    batches = _as_floats(_with_labels_as_needed(model, batches))
    settings, functions = model.settings, model.generation_functions()
    step = tf.identity(model.generation.value)
    model.input_check.count(batches, step)
    noise = GenerationNoise(model.latent, settings.seed, step, tf.identity(model.restarts.value))
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
    for number, batch in enumerate(fresh_batches(batches), start=int(reuse)):
        state, training = state_of(model.discriminator), _with_anchors(model, functions.training)
        update = training.fresh_batch_update(noise, number, selected.survivors.network, state, batch)
        logs = _apply_discriminator_update(model, update)
    model.generation.assign(step + 1)
    return {**_selection_logs(model, selected.children_scores), **logs}


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
        write(model.generator.trainable_variables, take(weights, 0))
    model.discriminator_optimizer.finalize_variable_values(model.discriminator.trainable_variables)


def generation_functions(model: EvolvingModel) -> Generation:
    """The pure functions of a generation for the model's networks and settings."""
    networks = Networks(model.generator, model.discriminator)
    map_fn = choose_map(*networks)
    operators, fitness, loss = model.choices
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


def _apply_discriminator_update(model: EvolvingModel, update: DiscriminatorUpdate) -> Logs:
    """One optimizer step of the discriminator; an update that is not finite is skipped and counted."""
    optimizer, weights = model.discriminator_optimizer, model.discriminator.trainable_variables
    norm = gradient_norm(update.gradient)
    after = tf.nest.map_structure(lambda value: value[None], (update.non_trainable, update.weights))
    finite = tf.math.is_finite(norm) & tf.math.is_finite(update.loss) & all_finite(after, 1)[0]
    gradient = scaled_gradient(update.gradient, loss_scale(optimizer))

    def accept_forward_pass() -> None:
        if update.weights:
            write(weights, update.weights)
        write(model.discriminator.non_trainable_variables, update.non_trainable)
        if model.logit_anchors is not None:
            model.logit_anchors.assign(next_anchors(model.logit_anchors.value, update.mean_logits))

    def step() -> None:
        accept_forward_pass()
        optimizer.apply(gradient, weights)

    if adjusts_scale(optimizer):
        tf.cond(finite, accept_forward_pass, model.population.count_skipped_step)
        # The optimizer must see what is not finite, to skip it and to lower its scale.
        optimizer.apply([tf.where(finite, part, tf.constant(np.nan, part.dtype)) for part in gradient], weights)
    else:
        tf.cond(finite, step, model.population.count_skipped_step)
    return {"discriminator_loss": update.loss, "discriminator_gradient_norm": norm}


def _selection_logs(model: EvolvingModel, children: Scores) -> Logs:
    """Scores, operator and parent of the survivors; the names of all but the fittest have its rank appended."""
    lineage = model.population.lineage
    values = {"operator": lineage.operator, "parent": lineage.parent, **model.population.scores._asdict()}
    logs = {
        _ranked(name, rank): value[rank]
        for name, value in values.items()
        for rank in range(model.settings.population_size)
    }
    spread = tf.reduce_max(children.fitness) - tf.reduce_min(children.fitness)
    return {**logs, "fitness_spread": spread}


def log_names(population_size: int) -> tuple[str, ...]:
    """The names of all that `evolve` logs."""
    scores = ("operator", "parent", *Scores._fields)
    ranked = (_ranked(name, rank) for name in scores for rank in range(population_size))
    return (*ranked, "fitness_spread", "discriminator_loss", "discriminator_gradient_norm")


def _ranked(name: str, rank: int) -> str:
    return name if rank == 0 else f"{name}_{rank}"
