"""The cost of generations with and without a tournament: `python -m benchmarks.tournaments --help`.

Compares, turn by turn in one process and at a preset's own settings, (a) a plain two-player step in Keras with the same
penalties and moving average, (b) a generation of E-GAN as in the paper, `tournaments="always"`, (c) the same behind the
branch, `every:1`, as `auto` runs it where every tournament decides, (d) a generation without a tournament, and (e) one
in which the rule `auto:angle` compares the objectives' cotangents.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from benchmarks.timing import interleaved, machine, publish, summary
from egan_tf.evolution import schedule
from egan_tf.evolution.batches import as_batches
from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.losses import logistic
from egan_tf.evolution.multi_step import multi_step_function
from egan_tf.evolution.objectives import heuristic
from egan_tf.evolution.penalties import r1_penalty
from egan_tf.evolution.step import evolve
from egan_tf.training.build import build
from egan_tf.training.config import Config
from egan_tf.training.presets import PAPERS_CHOICE, preset

SHAPES = {"digits": (8, 8, 1), "fashion_mnist": (28, 28, 1), "ring8": (2,), "grid25": (2,)}
RULES = {"always": "always", "every_1": "every:1", "plain_generation": "every:1000000", "angle": "auto:angle"}
VARIANTS = ("plain", *RULES)

Variant = Callable[[], Any]


def model_of(config: Config, shape: tuple[int, ...], rule: str) -> EGAN:
    """The compiled model of a configuration with a rule of tournaments."""
    return build(config.replace(evolution={**PAPERS_CHOICE, "tournaments": rule}), shape)


def real_samples(egan: EGAN, config: Config) -> tf.Tensor:
    """Noise in place of the real samples of a generation."""
    count = egan.samples_per_generation(config.data.batch_size)
    return tf.tanh(tf.random.stateless_normal([count, *egan.sample_shape], [0, 1]))


def ours(config: Config, shape: tuple[int, ...], rule: str, jit_compile: bool, count: int) -> Variant:
    """A function that runs `count` generations in one program."""
    egan = model_of(config, shape, rule)
    real = real_samples(egan, config)

    def generation(unused: tf.Tensor) -> dict[str, tf.Tensor]:
        del unused
        return evolve(egan, as_batches(real, egan.settings))

    return _timed(generation, count, jit_compile, "discriminator_loss")


def plain(config: Config, shape: tuple[int, ...], jit_compile: bool, count: int) -> Variant:
    """A function that runs `count` plain steps in one program: the heuristic objective, R1 and a moving average."""
    egan = model_of(config, shape, "always")
    real, batch = real_samples(egan, config), config.data.batch_size
    generator, discriminator = egan.generator, egan.discriminator
    weights = generator.trainable_variables
    averages = [tf.Variable(weight.numpy()) for weight in weights]
    compiled = egan.generator_optimizer, egan.discriminator_optimizer
    optimizers = [keras.optimizers.Adam.from_config(one.get_config()) for one in compiled]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    evolution = config.evolution
    decay, weight_of_r1 = evolution.ema_decay, evolution.r1_weight

    def samples(number: tf.Tensor, use: int) -> tf.Tensor:
        noise = egan.latent.sample(batch, tf.stack([tf.cast(number, tf.int64), tf.constant(use, tf.int64)]))
        return generator(noise, training=True)

    def logits(inputs: tf.Tensor) -> tf.Tensor:
        return tf.cast(discriminator(inputs, training=True), tf.float32)

    def step(number: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = heuristic(logits(samples(number, 0)))
        optimizers[0].apply(tape.gradient(loss, [weight.value for weight in weights]), weights)
        if decay:
            for average, weight in zip(averages, weights, strict=True):
                average.assign_add((1.0 - decay) * (weight.value - average))
        for position in range(evolution.discriminator_steps):
            part, fake = real[position * batch : (position + 1) * batch], samples(number, 1 + position)
            with tf.GradientTape() as tape:
                loss = logistic(logits(part), logits(fake))
                total = loss + weight_of_r1 * r1_penalty(logits, part) if weight_of_r1 else loss
            trained = discriminator.trainable_variables
            optimizers[1].apply(tape.gradient(total, [weight.value for weight in trained]), trained)
        return {"loss": loss}

    return _timed(step, count, jit_compile, "loss")


def _timed(step: Callable[[tf.Tensor], dict[str, tf.Tensor]], count: int, jit_compile: bool, log: str) -> Variant:
    train = multi_step_function(step, count, jit_compile)
    return lambda: train(None)[log].numpy()


def measure(name: str, rounds: int, only: list[str]) -> dict[str, Any]:
    """Medians and quartiles per call of one preset, and their ratio to the plain step."""
    config, shape = preset(name), SHAPES[name]
    points = len(shape) == 1
    count = config.run.steps_per_execution
    works = {
        one: plain(config, shape, points, count) if one == "plain" else ours(config, shape, RULES[one], points, count)
        for one in only
    }
    results: dict[str, Any] = {one: summary(seconds) for one, seconds in interleaved(works, rounds).items()}
    for values in results.values():
        if "plain" in results:
            values["of_plain"] = round(values["median_ms"] / results["plain"]["median_ms"], 3)
    return {"preset": name, "generations_per_call": count, "xla": points, "results": results}


def main() -> None:
    """Runs the comparison and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    options = parser.parse_args()
    # Here every generation of `angle` compares, and after the first none finds a difference that calls a tournament.
    schedule.MATERIAL_DIFFERENCE = 2.0
    report: dict[str, Any] = {"machine": machine(), "rounds": options.rounds, "cases": []}
    for name in options.presets:
        case = measure(name, options.rounds, options.only)
        report["cases"].append(case)
        print(name, file=sys.stderr)
        for one, values in case["results"].items():
            print(f"  {one:17}", *(f"{key} {value:<9}" for key, value in values.items()), file=sys.stderr)
    publish(report, options.out)


if __name__ == "__main__":
    main()
