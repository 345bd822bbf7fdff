"""The discriminator's updates in a generation. Pure functions: states in, gradients out."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.augmentation import Augment, augment_fn
from egan_tf.evolution.batches import Batch
from egan_tf.evolution.burn_in import during_burn_in
from egan_tf.evolution.lecam import lecam_penalty, mean_logits
from egan_tf.evolution.loss_scale import scaled, unscaled
from egan_tf.evolution.losses import DiscriminatorLoss
from egan_tf.evolution.map_functions import MapFn
from egan_tf.evolution.noise import (
    DISCRIMINATOR,
    EVALUATION,
    EVALUATION_FAKE,
    EVALUATION_REAL,
    FRESH_FAKE,
    FRESH_REAL,
    GenerationNoise,
)
from egan_tf.evolution.penalties import r1_penalty, r2_penalty, wgan_gradient_penalty
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.shares import one_survivor_per_sample, split_sizes
from egan_tf.evolution.stacking import merge, stack, take, where
from egan_tf.evolution.stateless import (
    NetworkState,
    Tensors,
    apply_discriminator,
    apply_network,
    assigned_weights,
    gradients_of,
    own_loss,
    regularization,
)
from egan_tf.evolution.variation import DiscriminatorUpdate, Networks

Seen = tuple[Augment, Augment]
"""What the discriminator sees of real and of generated samples."""


@dataclass(frozen=True)
class DiscriminatorTraining:
    """Computes the updates of the discriminator against the survivors.

    Attributes:
        networks: the architectures.
        loss: what the discriminator minimises.
        settings: penalty weights and the population size.
        map_fn: maps over individuals.
        loss_scale: float32 scalar that multiplies losses while they are differentiated, or None; see `loss_scale`.
        anchors: of LeCam regularization, float32 [3]; None if it has no weight.
    """

    networks: Networks
    loss: DiscriminatorLoss
    settings: EvolutionSettings
    map_fn: MapFn
    loss_scale: tf.Tensor | None = None
    anchors: tf.Tensor | None = None

    def reused_batch_update(
        self,
        noise: GenerationNoise,
        updates: DiscriminatorUpdate,
        fake: tf.Tensor,
        retained: tf.Tensor,
        state: NetworkState,
        batch: Batch,
    ) -> DiscriminatorUpdate:
        """The update on the evaluation batch, from the gradients that the survivors' evaluation has computed already.

        The diversity of a survivor needs the gradient of the discriminator's loss on its samples; the mean over the
        survivors is the gradient on the samples of all. Penalties and weight regularizers are added.

        Args:
            noise: of the generation.
            updates: of each survivor, [μ, ...].
            fake: the survivors' samples from the evaluation noise, [μ, evaluation, ...].
            retained: bool [μ]. Retained parents contribute no gradient; if all are retained the update is NaN and is
                skipped.
            state: the discriminator's state during the evaluation.
            batch: the evaluation batch.
        """
        update = tf.nest.map_structure(lambda values: _mean_or_first(values, ~retained), updates)
        weights = update.weights or state.trainable
        with tf.GradientTape() as tape:
            tape.watch(weights)
            own = regularization(self.networks.discriminator, weights)
        if own is not None:
            update = _plus(update, gradients_of(tape, own, weights))
        if not self._penalized and self.anchors is None:
            return update
        # A retained parent was not evaluated; the fittest survivor's samples stand in for its own.
        fake = where(retained, tf.repeat(fake[:1], fake.shape[0], axis=0), fake)
        samples = one_survivor_per_sample(fake)
        seen = self._seen(noise, EVALUATION_REAL), self._seen(noise, EVALUATION_FAKE)
        if self.anchors is not None:
            update = _plus(update, replicas.mean(self._lecam_gradient(state, batch, samples, seen)))
        if not self._penalized:
            return update
        return _plus(update, replicas.mean(self._penalty_gradient(noise, 0, state, batch, samples, seen)))

    def fresh_batch_update(
        self, noise: GenerationNoise, number: int, survivors: NetworkState, state: NetworkState, batch: Batch
    ) -> DiscriminatorUpdate:
        """The update on a fresh real batch and new samples of the survivors.

        Args:
            noise: of the generation.
            number: of the discriminator step within the generation, from 0.
            survivors: [μ, ...].
            state: the discriminator's current state.
            batch: the real batch.
        """
        fake, _ = self.survivors_samples(noise, number, survivors, batch)
        return self.update_on(noise, number, fake, state, batch)

    def update_on(
        self,
        noise: GenerationNoise,
        number: int,
        fake: tf.Tensor,
        state: NetworkState,
        batch: Batch,
        evaluation: bool = False,
    ) -> DiscriminatorUpdate:
        """The update on a real batch and samples that are made already.

        Args:
            noise: of the generation.
            number: of the discriminator step within the generation, from 0.
            fake: samples of the survivors, [batch, ...].
            state: the discriminator's current state.
            batch: the real batch.
            evaluation: whether it is the evaluation batch, which has its own augmentation.
        """
        (real, labels), discriminator = batch, self.networks.discriminator
        uses = (EVALUATION_REAL, EVALUATION_FAKE) if evaluation else (FRESH_REAL, FRESH_FAKE)
        seen = self._seen(noise, uses[0], number), self._seen(noise, uses[1], number)
        with tf.GradientTape() as tape:
            tape.watch(state.trainable)
            on_real = apply_discriminator(discriminator, state, seen[0](real), labels)
            on_fake = apply_discriminator(discriminator, on_real.after, seen[1](fake), labels)
            logits = replicas.all_rows(on_real.outputs), replicas.all_rows(on_fake.outputs)
            loss = self.loss(*logits)
            # In the same pass where every step has penalties: one backward pass less.
            shared = self._penalized and self.settings.penalty_every == 1
            total = loss + self._penalty(noise, number, state, batch, fake, seen) if shared else loss
            total = total + self._lecam(*logits)
            own = own_loss(discriminator, on_fake.after.trainable, on_real.added_loss, on_fake.added_loss)
            total = scaled(total if own is None else total + own, self.loss_scale)
        gradient = unscaled(gradients_of(tape, total, state.trainable), self.loss_scale)
        after = on_fake.after
        means = () if self.anchors is None else mean_logits(*logits)
        update = DiscriminatorUpdate(gradient, after.non_trainable, loss, assigned_weights(state, after), means)
        if self._penalized and not shared:
            update = _plus(update, self._penalty_gradient(noise, number, state, batch, fake, seen))
        return replicas.mean(update)

    def survivors_samples(
        self, noise: GenerationNoise, number: int, survivors: NetworkState, batch: Batch, evaluation: bool = False
    ) -> tuple[tf.Tensor, Tensors]:
        """Samples of the survivors for a discriminator step, as many as the real batch, divided as evenly as possible.

        Args:
            noise: of the generation.
            number: of the discriminator step within the generation, from 0.
            survivors: [μ, ...].
            batch: the real batch.
            evaluation: whether the samples are made from the evaluation noise.

        Returns:
            [batch, ...], and the survivors' trainable weights afterwards, [μ, ...], if their layers assigned to them;
            else ().
        """
        (real, labels), count = batch, self.settings.population_size
        size = real.shape[0]
        latents = noise.latents(size, EVALUATION if evaluation else DISCRIMINATOR, number)

        def sample(network: NetworkState, part: tf.Tensor, of_part: tf.Tensor | None) -> tuple[tf.Tensor, Tensors]:
            made, after = apply_network(self.networks.generator, network, part, of_part)
            return made, assigned_weights(network, after)

        if labels is None and size % count == 0:
            parts = tf.reshape(latents, [count, -1, latents.shape[1]])
            samples, assigned = self.map_fn(lambda pair: sample(pair[0], pair[1], None), (survivors, parts), count)
            return merge(samples), assigned
        sizes = split_sizes(size, count)
        parts = tf.split(latents, sizes)
        split_labels = [None] * count if labels is None else tf.split(labels, sizes)
        made = [sample(take(survivors, rank), parts[rank], split_labels[rank]) for rank in range(count)]
        return tf.concat([samples for samples, _ in made], axis=0), stack([assigned for _, assigned in made])

    @property
    def _penalized(self) -> bool:
        settings = self.settings
        return bool(settings.r1_weight or settings.r2_weight or settings.gradient_penalty_weight)

    def _lecam(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> float | tf.Tensor:
        if self.anchors is None:
            return 0.0
        return self.settings.lecam_weight * lecam_penalty(real_logits, fake_logits, self.anchors)

    def _lecam_gradient(self, state: NetworkState, batch: Batch, fake: tf.Tensor, seen: Seen) -> Tensors:
        """The gradient of the LeCam term alone, where that of the loss is known already."""
        (real, labels), discriminator = batch, self.networks.discriminator
        with tf.GradientTape() as tape:
            tape.watch(state.trainable)
            on_real = apply_discriminator(discriminator, state, seen[0](real), labels)
            on_fake = apply_discriminator(discriminator, on_real.after, seen[1](fake), labels)
            logits = replicas.all_rows(on_real.outputs), replicas.all_rows(on_fake.outputs)
            penalty = scaled(self._lecam(*logits), self.loss_scale)
        return unscaled(gradients_of(tape, penalty, state.trainable), self.loss_scale)

    def _seen(self, noise: GenerationNoise, use: int, number: int = 0) -> Augment:
        return augment_fn(self.settings.augmentations, noise, use, number)

    def _penalty_gradient(
        self, noise: GenerationNoise, number: int, state: NetworkState, batch: Batch, fake: tf.Tensor, seen: Seen
    ) -> Tensors:
        """The gradient of the penalties; zero in steps that have none, K times as large every K-th step.

        Of several replicas that at their own samples.
        """
        every = self.settings.penalty_every

        def gradient() -> Tensors:
            with tf.GradientTape() as tape:
                tape.watch(state.trainable)
                penalty = scaled(float(every) * self._penalty(noise, number, state, batch, fake, seen), self.loss_scale)
            return unscaled(gradients_of(tape, penalty, state.trainable), self.loss_scale)

        if every == 1:
            return gradient()
        due = (noise.step * self.settings.discriminator_steps + number) % every == 0
        if replicas.synchronizes(self.networks.discriminator):  # replicas cannot talk inside of a condition
            return tuple(tf.where(due, part, tf.zeros_like(part)) for part in gradient())
        return tf.cond(due, gradient, lambda: tuple(map(tf.zeros_like, state.trainable)))

    def _penalty(
        self, noise: GenerationNoise, number: int, state: NetworkState, batch: Batch, fake: tf.Tensor, seen: Seen
    ) -> tf.Tensor:
        real, labels = batch
        augment_real, augment_fake = seen
        fake = tf.cast(fake, real.dtype)

        def logits(samples: tf.Tensor) -> tf.Tensor:
            return apply_discriminator(self.networks.discriminator, state, samples, labels).outputs

        penalty = tf.constant(0.0)
        if self.settings.r1_weight:
            penalty += self.settings.r1_weight * r1_penalty(lambda x: logits(augment_real(x)), real)
        if self.settings.r2_weight:
            penalty += self.settings.r2_weight * r2_penalty(lambda x: logits(augment_fake(x)), fake)
        if self.settings.gradient_penalty_weight:
            mix, both = noise.mixing_ratios(real.shape[0], number), (augment_real(real), augment_fake(fake))
            penalty += self.settings.gradient_penalty_weight * wgan_gradient_penalty(logits, *both, mix)
        return penalty * self._factor(noise.step)

    def _factor(self, step: tf.Tensor) -> float | tf.Tensor:
        """What the penalty weights are multiplied by in a generation."""
        settings = self.settings
        if not settings.burn_in or settings.initial_penalty_factor == 1.0:
            return 1.0
        return during_burn_in(settings.initial_penalty_factor, 1.0, step, settings.burn_in)


def _plus(update: DiscriminatorUpdate, gradient: Tensors) -> DiscriminatorUpdate:
    return update._replace(gradient=tuple(a + b for a, b in zip(update.gradient, gradient, strict=True)))


def _mean_or_first(values: tf.Tensor, included: tf.Tensor) -> tf.Tensor:
    """The mean over the members with `included`, bool [members]; NaN if there are none.

    Integers, such as the state of a random layer, have no meaningful mean; the first member's value is taken.
    """
    if not values.dtype.is_floating:
        return values[0]
    total = tf.reduce_sum(where(included, values, tf.zeros_like(values)), axis=0)
    return total / tf.reduce_sum(tf.cast(included, values.dtype))
