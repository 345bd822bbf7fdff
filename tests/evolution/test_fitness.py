"""Fitnesses by name, in closed form for a discriminator w·x, and the sampling errors that they are compared with."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.evaluation import Evaluation, evaluator
from egan_tf.evolution.fitness import FITNESSES, balanced, egan, logit, sampling_error
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, Loss, hinge, logistic, wasserstein
from egan_tf.evolution.quality import quality_error, standard_error, standardized_score
from egan_tf.evolution.stateless import NetworkState
from tests.evolution.networks import points


def evaluation_of(weight: float, real: list[float], fake: list[float], loss: Loss = logistic) -> Evaluation:
    """With D(x) = weight · x."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    state = NetworkState((tf.constant([[weight]]),), ())
    column = [tf.constant(values, shape=[len(values), 1]) for values in (real, fake)]
    return evaluator(network, loss, state, column[0])(column[1], None)


@pytest.mark.parametrize("fake", [-3.0, 0.5, 2.0])
def test_at_balance_the_loss_is_2_ln_2_and_balanced_is_egan_plus_a_constant(fake: float) -> None:
    evaluation = evaluation_of(0.0, [1.0], [fake])
    assert float(evaluation.loss) == pytest.approx(2 * math.log(2))
    norm = abs(fake - 1.0) / 2
    assert float(egan(evaluation, 0.3)) == pytest.approx(0.5 - 0.3 * math.log(norm), rel=1e-5)
    assert float(balanced(evaluation, 0.3)) == pytest.approx(0.5 - 0.3 * math.log(norm / (2 * math.log(2))), rel=1e-5)


@pytest.mark.parametrize("distance", [10.0, 20.0, 40.0, 60.0])
def test_where_the_discriminator_has_won_balanced_stays_bounded(distance: float) -> None:
    """Logits ±t: L = 2 softplus(−t), |∇L| = 2t σ(−t), so that Fd′ → −log t, where Fd grows as t."""
    evaluation = evaluation_of(1.0, [distance], [-distance])
    ratio = distance / (1 + math.exp(distance)) / math.log1p(math.exp(-distance))
    expected = 1 / (1 + math.exp(distance)) - math.log(ratio)
    assert float(balanced(evaluation, 1.0)) == pytest.approx(expected, rel=1e-4)
    if distance <= 40:
        growing = distance + math.log1p(math.exp(-distance)) - math.log(2 * distance)
        assert float(egan(evaluation, 1.0)) == pytest.approx(growing, rel=1e-4)


def test_egan_takes_the_child_that_is_rejected_most_surely_and_balanced_does_not() -> None:
    beaten, near = (evaluation_of(1.0, [5.0], [fake]) for fake in (-20.0, -5.0))
    assert egan(beaten, 0.05) > egan(near, 0.05)
    assert balanced(beaten, 0.05) < balanced(near, 0.05)
    assert logit(beaten, 0.05) < logit(near, 0.05)


def test_logit_is_the_mean_logit_with_the_diversity_of_egan() -> None:
    evaluation = evaluation_of(2.0, [1.0], [0.5, -1.5])
    expected = -1.0 + 0.1 * float(evaluation.diversity)
    assert float(logit(evaluation, 0.1)) == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["wasserstein", "relativistic"])
def test_an_offset_of_the_logits_does_not_change_what_logit_chooses(loss: str) -> None:
    chosen = []
    for offset in (0.0, 7.0):
        network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        state = NetworkState((tf.constant([[1.5]]), tf.constant([offset])), ())
        evaluate = evaluator(network, DISCRIMINATOR_LOSSES[loss], state, tf.constant([[0.3], [1.0]]))
        children = [evaluate(tf.constant(fake)[:, None], None) for fake in ([0.1, 0.2], [0.6, -0.1], [-1.0, 0.0])]
        values = [float(logit(child, 0.05)) for child in children]
        chosen.append((int(np.argmax(values)), round(max(values) - min(values), 4)))
    assert chosen[0] == chosen[1]


def test_balanced_needs_a_loss_above_zero() -> None:
    with pytest.raises(
        InputError, match="^fitness: balanced divides by the discriminator's loss, and wasserstein"
    ) as e:
        EGAN(*points(), mutations=["hinge"], discriminator_loss="wasserstein", r1_weight=1.0, fitness="balanced")
    assert "\n" not in str(e.value)
    for name, loss in DISCRIMINATOR_LOSSES.items():
        assert isinstance(loss, Loss)
        assert loss.positive == (name != "wasserstein")


def test_balanced_under_the_hinge_loss() -> None:
    """Inside of the margin L = 2 − w(r − f), and the gradient is f − r, as long as one sample is inside."""
    evaluation = evaluation_of(0.25, [1.0], [-1.0], hinge)
    quality = 1 / (1 + math.exp(0.5))
    assert float(balanced(evaluation, 1.0)) == pytest.approx(quality - math.log(2.0 / 1.5), rel=1e-5)


def test_a_vanished_gradient_has_a_finite_diversity() -> None:
    """Under hinge all is 0 once every logit is beyond the margin; under the logistic loss where float32 ends."""
    largest = -math.log(math.sqrt(np.finfo("float32").tiny))
    for evaluation in (evaluation_of(1.0, [3.0], [-3.0], hinge), evaluation_of(1.0, [200.0], [-200.0])):
        assert float(evaluation.loss) == 0.0
        assert float(evaluation.diversity) == pytest.approx(largest)
        quality = float(evaluation.quality)
        assert float(balanced(evaluation, 0.5)) == pytest.approx(quality - 0.5 * largest)
        assert float(egan(evaluation, 0.5)) == pytest.approx(quality + 0.5 * largest)
    assert math.isnan(float(evaluation_of(1.0, [math.nan], [-3.0], hinge).diversity))
    assert math.isnan(float(balanced(evaluation_of(1.0, [math.nan], [-3.0], hinge), 0.5)))


FRESH = [pytest.param(name, False, marks=pytest.mark.slow) for name in ("egan", "balanced", "diversity")]
REUSED = [(name, True) for name in ("egan", "balanced", "diversity", "logit")]


@pytest.mark.parametrize(("fitness", "reuse"), [*REUSED, ("logit", False), *FRESH])
def test_training_goes_on_where_hinge_has_no_gradient_left(fitness: str, reuse: bool) -> None:
    generator, discriminator = points()
    egan = EGAN(
        generator,
        discriminator,
        mutations=("hinge", "heuristic"),
        discriminator_loss="hinge",
        fitness=fitness,
        r1_weight=1.0,
        reuse_evaluation_batch=reuse,
    )
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=False)
    kernel, bias = discriminator.layers[-1].weights
    far = np.full([32, 2], 3.0, "float32")
    logits = discriminator(np.concatenate([far, generator(np.zeros([32, egan.latent.size], "float32"))]))[:, 0].numpy()
    gap = logits[:32].mean() - logits[32:].mean()
    kernel.assign(kernel * (200.0 / gap))
    bias.assign((bias - logits.mean()) * (200.0 / gap))
    before = [weights.numpy() for weights in (*egan.generator.weights, kernel)]
    logs = egan.train_on_batch(np.tile(far, (egan.samples_per_generation(32) // 32, 1)), return_dict=True)
    assert float(logs["discriminator_loss"]) == 0.0
    assert int(egan.population.failures.stagnant_generations.numpy()) == 0
    assert int(egan.population.failures.skipped_discriminator_steps.numpy()) == 0
    moved = [not np.array_equal(a, b) for a, b in zip(before, (*egan.generator.weights, kernel), strict=True)]
    assert any(moved[:-1]) and moved[-1], "the generators move, and R1 moves the discriminator"


# -- sampling errors ---------------------------------------------------------------------------------------------------

REAL, FAKE = (
    np.random.default_rng(seed).normal(mean, 1.5, [256, 1]).astype("float32") for seed, mean in ((0, 1), (1, -1))
)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize(
    ("loss", "values"),
    [
        ("logistic", sigmoid(FAKE)),
        ("hinge", sigmoid(2 * FAKE)),
        ("relativistic", sigmoid(FAKE - REAL)),
    ],
)
def test_the_error_of_a_mean_is_its_standard_error(loss: str, values: np.ndarray) -> None:
    chosen = DISCRIMINATOR_LOSSES[loss]
    assert isinstance(chosen, Loss)
    found = quality_error(chosen.quality, tf.constant(REAL), tf.constant(FAKE))
    assert float(found) == pytest.approx(values.std(ddof=1) / 16, rel=1e-4)


def test_the_error_of_the_standardized_score_is_that_of_other_batches() -> None:
    random = np.random.default_rng(2)
    scores = []
    for _ in range(400):
        again = FAKE[random.integers(0, len(FAKE), len(FAKE))]
        middle = (REAL.mean() + again.mean()) / 2
        deviation = np.sqrt((((REAL - middle) ** 2).mean() + ((again - middle) ** 2).mean()) / 2)
        scores.append(sigmoid((again.mean() - REAL.mean()) / deviation))
    found = float(quality_error(standardized_score, tf.constant(REAL), tf.constant(FAKE)))
    assert found == pytest.approx(np.std(scores), rel=0.15)


def test_the_error_of_a_users_quality_is_that_of_parts_of_the_batch() -> None:
    def mine(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        del real
        return tf.reduce_mean(fake)

    parts = FAKE.reshape(8, 32).mean(axis=1)
    found = quality_error(mine, tf.constant(REAL), tf.constant(FAKE))
    assert float(found) == pytest.approx(parts.std(ddof=1) / math.sqrt(8), rel=1e-4)
    assert float(quality_error(mine, tf.constant(REAL[:1]), tf.constant(FAKE[:3]))) == 0.0


def test_a_single_sample_has_no_error() -> None:
    assert float(standard_error(tf.constant([[3.0]]))) == 0.0


def test_the_error_is_in_the_unit_of_the_fitness() -> None:
    evaluation = evaluation_of(2.0, [1.0, 0.0], [0.5, -1.5, 1.0, 0.0])
    logits = np.array([1.0, -3.0, 2.0, 0.0])
    for name, values in (("logit", logits), ("egan", sigmoid(logits)), ("balanced", sigmoid(logits))):
        found = sampling_error(FITNESSES[name], logistic, evaluation)
        assert float(found) == pytest.approx(values.std(ddof=1) / 2, rel=1e-5)
    found = sampling_error(egan, wasserstein, evaluation)
    assert float(found) == pytest.approx(
        float(quality_error(standardized_score, evaluation.real_logits, evaluation.fake_logits))
    )


def test_pairs_need_two_samples() -> None:
    for settings in ({"evaluation_size": 1, "discriminator_steps": 2}, {}):
        egan = EGAN(*points(), fitness="pairwise", **settings)
        egan.compile(jit_compile=False)
        with pytest.raises(InputError, match="^evaluation_size: must be at least 2 for the fitness pairwise"):
            egan.fit(np.zeros([9, 2], "float32"), batch_size=8 if settings else 1, verbose=0)
        assert egan.generation.numpy() == 0
