"""Crossover: the best child learns from the better of two children, sample by sample (Li et al. 2021, IE-GAN).

Li, Zhang, Wang, Yu, Wu: IE-GAN: an improved evolutionary generative adversarial network using a new fitness function
and a generic crossover operator, arXiv 2109.11078, section 3.3.
"""

from __future__ import annotations

import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.individual import Individual, Origin
from egan_tf.evolution.loss_scale import scaled
from egan_tf.evolution.quality import batch_mean
from egan_tf.evolution.selection import all_finite
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import (
    NetworkState,
    Tensors,
    apply_discriminator,
    apply_network,
    assigned_weights,
    forward_pass,
    gradients_of,
    own_loss,
)
from egan_tf.evolution.variation import VariationContext
from egan_tf.utils.checks import integer, require


class Crossover:
    """Makes one child of the two fittest children of earlier operators in the same generation.

    The child starts with the weights and the optimizer slots of the fittest, and takes `steps` optimizer steps on
    E|G(z) − t(z)|², where t(z) is the sample of the two children that the discriminator takes for more real, and |·|²
    the mean over the numbers of a sample. The noise is fresh; the losses of the generator's own layers count as in a
    mutation. Its parents are the parents of the two, and it is scored as they were. Its steps do not count as steps of
    the optimizer, so that learning-rate schedules go on as for its siblings.
    """

    names = ("crossover",)
    needed_children = 2

    def __init__(self, steps: int = 1) -> None:
        """Args: steps: optimizer steps, at least 1.

        Raises:
            InputError: the number of steps is no such number.
        """
        self.steps = integer("crossover_steps", steps, 1)

    def count(self, population_size: int) -> int:
        """One child in a generation, whatever the size of the population."""
        del population_size
        return 1

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        """The child, [1, ...].

        Raises:
            InputError: there are no two children yet.
        """
        del parents
        siblings = context.siblings
        count = 0 if siblings is None else siblings.evaluations.scores.fitness.shape[0]
        require(count >= 2, "operators", f"crossover needs two children of operators before it, and there are {count}")
        assert siblings is not None
        fitness, born = siblings.evaluations.scores.fitness, siblings.individuals
        both = born.network, born.slots
        viable = tf.math.is_finite(fitness) & siblings.evaluations.finite & all_finite(both, count)
        pair = tf.math.top_k(tf.where(viable, fitness, -float("inf")), 2).indices
        best, second = take(both, pair[0]), take(both, pair[1])
        # A child that is not viable teaches nothing.
        second = tf.nest.map_structure(lambda new, old: tf.where(viable[pair[1]], new, old), second, best)
        network, slots = self._learn(context, best[0], best[1], (best[0], second[0]))
        slots = context.optimizer.with_step_counts(slots, best[1])
        child = tf.nest.map_structure(lambda value: value[None], (network, slots))
        first_parents = tf.gather(born.origin.parents[:, 0], pair)
        return Individual(child[0], child[1], Origin(first_parents[None], tf.zeros([1], tf.int64)))

    def _learn(
        self, context: VariationContext, network: NetworkState, slots: Tensors, teachers: tuple[NetworkState, ...]
    ) -> tuple[NetworkState, Tensors]:
        generator = context.networks.generator
        for step in range(self.steps):
            noise = context.noise(context.steps + step)
            target = _better_samples(context, context.steps + step, teachers)
            scale = context.optimizer.loss_scale(slots)
            with tf.GradientTape() as tape:
                tape.watch(network.trainable)
                samples, after, added_loss = forward_pass(generator, network, noise, context.labels)
                own = own_loss(generator, after.trainable, added_loss)
                loss = batch_mean(tf.square(tf.cast(samples, tf.float32) - target))
                total = scaled(loss if own is None else loss + own, scale)
            gradient = gradients_of(tape, total, network.trainable)
            assigned = assigned_weights(network, after)
            gradient, assigned, others = replicas.mean((gradient, assigned, after.non_trainable))
            before = assigned or network.trainable
            stacked = tf.nest.map_structure(lambda value: value[None], (gradient, before, slots))
            weights, slots = take(context.optimizer.apply(*stacked), 0)
            network = NetworkState(weights, others)
        return network, slots


def _better_samples(context: VariationContext, number: int, teachers: tuple[NetworkState, ...]) -> tf.Tensor:
    """For each row of the noise of a step, the sample of the teacher with the larger logit, float32 [batch, ...].

    The discriminator sees both augmented alike; the samples themselves are not augmented.
    """
    networks, noise, augment = context.networks, context.noise(number), context.augment_fake(number)
    made = [apply_network(networks.generator, teacher, noise, context.labels)[0] for teacher in teachers]
    seen, state = [augment(samples) for samples in made], context.discriminator_state
    first, second = (
        apply_discriminator(networks.discriminator, state, samples, context.labels).outputs for samples in seen
    )
    better = tf.reshape(first >= second, [-1] + [1] * (made[0].shape.rank - 1))
    return tf.stop_gradient(tf.cast(tf.where(better, *made), tf.float32))
