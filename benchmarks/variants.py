"""The variants that `benchmarks.generation` compares: plain, textbook, and ours in two protocols; and their memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from benchmarks.baselines import Training, plain_step, textbook_generation
from egan_tf import EGAN, OBJECTIVES
from egan_tf.evolution.objectives import Objective
from egan_tf.networks import build_discriminator, build_generator

PAPER_EVALUATION = 256
# E-GAN's, SNGAN's (Miyato et al. 2018, appendix B) and R3GAN's.
AUTHORS_STEPS = {"mlp": 1, "dcgan": 3, "residual": 5, "modern": 1}
NAMES = ("plain", "textbook", "paper_protocol", "defaults", "quarter", "no_tournament")

Variant = Callable[[], Any]


class Program(NamedTuple):
    """A step of training and its input.

    Attributes:
        step: a function of the real samples that changes the networks.
        real: samples of one step.
        wait: from what the step returned to a number that is known only once the step is done.
    """

    step: Callable[[tf.Tensor], Any]
    real: tf.Tensor
    wait: Callable[[Any], Any]

    def __call__(self) -> Any:
        """Makes a step, and returns when it is done."""
        return self.wait(self.step(self.real))


@dataclass(frozen=True)
class Case:
    """A size to measure.

    Attributes:
        network: its name.
        width: of both networks.
        normalization: in the discriminator.
        population_size: individuals.
        mutations: children of each.
        precision: of the networks.
        xla: whether XLA compiles the step.
        side: of the images.
        steps: of the discriminator; 0 for as many as the authors take.
        batch_size: samples in a batch; 0 for as many as the authors take.
    """

    network: str
    width: int
    normalization: str
    population_size: int
    mutations: int
    precision: str
    xla: bool
    side: int = 32
    steps: int = 0
    batch_size: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return (2,) if self.network == "mlp" else (self.side, self.side, 3)

    @property
    def latent(self) -> int:
        """Numbers of noise."""
        return 2 if self.network == "mlp" else 100

    @property
    def batch(self) -> int:
        """Samples in a batch: as given, or in the authors' code."""
        return self.batch_size or (64 if self.network == "mlp" else 32)

    @property
    def discriminator_steps(self) -> int:
        """As given, or in the authors' code."""
        return self.steps or AUTHORS_STEPS[self.network]

    @property
    def objectives(self) -> dict[str, Objective]:
        """The first `mutations` of the registry."""
        return dict(list(OBJECTIVES.items())[: self.mutations])

    def networks(self) -> tuple[keras.Model, keras.Model]:
        """A new generator and a new discriminator."""
        return (
            build_generator(self.network, self.shape, self.latent, self.width),
            build_discriminator(self.network, self.shape, self.width, self.normalization),
        )

    def real(self, count: int) -> tf.Tensor:
        """Noise in place of real samples."""
        return tf.constant(np.tanh(np.random.default_rng(0).normal(size=(count, *self.shape))).astype("float32"))


def training_of(case: Case) -> Training:
    """New networks for the plain step and for the textbook, which draw from TensorFlow's own generator."""
    return Training(*case.networks(), case.latent, case.batch, case.discriminator_steps, case.xla)


def variants(case: Case, names: list[str]) -> dict[str, Variant]:
    """The variants of a case, each with its own networks: functions that return when their step is done."""
    return {name: program(case, name) for name in names}


def program(case: Case, name: str, make_training: Callable[[Case], Training] = training_of) -> Program:
    """One variant of a case, with new networks.

    Args:
        case: its sizes.
        name: one of `NAMES`.
        make_training: the networks of the variants `plain` and `textbook`.
    """
    keras.config.set_dtype_policy(case.precision)
    paper = {"evaluation_size": PAPER_EVALUATION, "reuse_evaluation_batch": False}
    makers: dict[str, Callable[[], Program]] = {
        "plain": lambda: _plain(case, make_training(case)),
        "textbook": lambda: _textbook(case, make_training(case)),
        "paper_protocol": lambda: _ours(case, paper),
        "defaults": lambda: _ours(case, {}),
        # A generation in which `tournaments="auto"` holds none.
        "no_tournament": lambda: _ours(case, {"tournaments": "every:1000000"}),
        # Children are scored on a quarter of a batch; the discriminator takes its steps on fresh batches.
        "quarter": lambda: _ours(case, {"evaluation_size": case.batch // 4, "reuse_evaluation_batch": False}),
    }
    return makers[name]()


def _ours(case: Case, settings: Mapping[str, Any]) -> Program:
    egan = EGAN(
        *case.networks(),
        mutations=case.objectives,
        population_size=case.population_size,
        discriminator_steps=case.discriminator_steps,
        **settings,
    )
    egan.compile(jit_compile=case.xla)
    data = case.real(egan.samples_per_generation(case.batch))
    step = tf.function(egan.train_step, jit_compile=case.xla)
    return Program(step, data, lambda logs: logs["discriminator_loss"].numpy())


def _plain(case: Case, training: Training) -> Program:
    data = case.real(case.batch * case.discriminator_steps)
    return Program(plain_step(training), data, _last_weights(training))


def _textbook(case: Case, training: Training) -> Program:
    data = case.real(PAPER_EVALUATION + case.batch * case.discriminator_steps)
    step = textbook_generation(training, list(case.objectives.values()), case.population_size, PAPER_EVALUATION)
    return Program(step, data, _last_weights(training))


def _last_weights(training: Training) -> Callable[[Any], Any]:
    return lambda _: training.discriminator.trainable_variables[-1].numpy()


def peak_memory(case: Case, name: str, steps: int = 3) -> float:
    """MiB of tensors that one variant holds at its peak, weights and slots included, as TensorFlow allocates them.

    To be called in a process without other work. Unlike the process' resident memory, the figure does not include
    what libraries and allocators keep for themselves, and would be the same on a device.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    work = variants(case, [name])[name]
    work()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(steps):
                work()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    return max(
        stat.int64_value / 2**20
        for plane in space.planes
        for line in plane.lines
        for event in line.events
        for stat in event.stats
        if plane.stat_metadata[stat.metadata_id].name == "bytes_allocated"
    )


def peak_memory_in_subprocess(case: Case, name: str) -> float:
    """`peak_memory`, measured in a separate process."""
    command = [sys.executable, "-m", "benchmarks.generation", "--memory-of", name, "--case", json.dumps(vars(case))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
