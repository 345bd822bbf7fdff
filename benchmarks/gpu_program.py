"""Writes training steps as XLA programs that `benchmarks.gpu_timing` times where there is JAX and no TensorFlow.

`python -m benchmarks.gpu_program FOLDER` writes, for each program of `GROUPS`, the XLA program that TensorFlow makes of
it (`NAME.hlo.gz`), and a description (`NAME.json`): its inputs, and for some programs the answers of TensorFlow's own
kernels, without XLA, to the same inputs on this machine. The programs of a group are timed beside each other.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from benchmarks.baselines import Training
from benchmarks.gpu_inputs import describe, make, sketch
from benchmarks.timing import machine
from benchmarks.variants import Case, program
from egan_tf.utils import randomness

PAIR = ("plain", "defaults")
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Spec:
    """A program.

    Attributes:
        case: sizes.
        variant: a name of `benchmarks.variants`.
        per_call: steps in one call.
        strict: whether float32 products are computed in float32; otherwise in TF32 where the GPU has it, as is
            TensorFlow's default.
        answered: whether TensorFlow's answers are written, too.
    """

    case: Case
    variant: str
    per_call: int = 1
    strict: bool = False
    answered: bool = False

    @property
    def name(self) -> str:
        """Of its files."""
        case = self.case
        precision = "strict" if self.strict else case.precision
        sizes = f"{case.network}{case.side}_w{case.width}_b{case.batch}_s{case.discriminator_steps}_{precision}"
        return f"{sizes}_{self.variant}" + (f"_x{self.per_call}" if self.per_call > 1 else "")


def _specs(
    case: Case, variants: Sequence[str] = PAIR, precisions: Sequence[str] = PRECISIONS, answered: Sequence[str] = ()
) -> list[Spec]:
    return [
        Spec(replace(case, precision=precision), variant, answered=precision in answered)
        for precision in precisions
        for variant in variants
    ]


def _groups() -> dict[str, list[Spec]]:
    def case(network: str, width: int, **sizes: int) -> Case:
        return Case(network, width, "auto" if network != "dcgan" else "batch", 1, 3, "float32", False, **sizes)

    def several(case: Case) -> list[Spec]:
        return [Spec(case, variant, per_call=20) for variant in PAIR]

    wide, narrow, toy = case("dcgan", 128), case("dcgan", 64), case("mlp", 512)
    large = [replace(wide, batch_size=size) for size in (128, 256)]
    return {
        "dcgan_128": [*_specs(wide, answered=PRECISIONS), *_specs(wide, ["paper_protocol"])],
        "dcgan_64": [*_specs(narrow, answered=PRECISIONS), *several(narrow)],
        "batch": [spec for case in large for spec in _specs(case)],
        "toy": [*_specs(toy, precisions=["float32"], answered=PRECISIONS), *several(toy)],
        "side_64": _specs(case("dcgan", 128, side=64)),
        "one_step": _specs(case("dcgan", 128, steps=1)),
        "strict": [Spec(wide, variant, strict=True, answered=True) for variant in PAIR],
        "modern": _specs(case("modern", 64), answered=["float32"]),
        "residual": _specs(case("residual", 128), answered=["float32"]),
    }


GROUPS = _groups()
"""CIFAR-10's and LSUN's image sizes with the authors' networks, batches of 32 to 256, the toys, and the other networks;
the most important first."""


@dataclass(frozen=True)
class CountedTraining(Training):
    """Draws its noise as a function of a counter, so that a program has the same answers everywhere."""

    counter: tf.Variable = field(default_factory=lambda: tf.Variable(0, dtype=tf.int64))

    def samples(self, count: int) -> tf.Tensor:
        """New samples of the generator."""
        noise = randomness.normal([count, self.latent], randomness.stream(0, self.counter.assign_add(1)))
        return self.generator(noise, training=True)


def counted_training(case: Case) -> Training:
    """New networks of a case."""
    return CountedTraining(*case.networks(), case.latent, case.batch, case.discriminator_steps, case.xla)


def exported(spec: Spec) -> tuple[bytes, dict[str, Any]]:
    """The serialized HLO of a program before optimization, and its description."""
    tf.config.experimental.enable_tensor_float_32_execution(not spec.strict)
    keras.utils.set_random_seed(0)
    step, real, _ = program(spec.case, spec.variant, counted_training)
    compiled = tf.function(_repeated(step, spec.per_call), jit_compile=True)
    names, variables = _captured(compiled.get_concrete_function(real))
    inputs = [describe(np.asarray(value)) for value in (real, *variables)]
    description = {"spec": {**vars(spec), "case": vars(spec.case)}, "names": ["real", *names], "inputs": inputs}
    if spec.answered:
        description |= _answers(tf.function(step), inputs, variables)
    return compiled.experimental_get_compiler_ir(real)(stage="hlo_serialized"), description


def _answers(step: Callable[[tf.Tensor], Any], inputs: list[Any], variables: list[tf.Variable]) -> dict[str, Any]:
    """What a step returns for the described inputs, and what its variables are afterwards."""
    real, *values = (tf.constant(make(one, key)) for key, one in enumerate(inputs))
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    returned = step(real) or {}
    return {
        "returned": {name: np.asarray(value).item() for name, value in sorted(returned.items())},
        "after": [sketch(np.asarray(variable)) for variable in variables],
    }


def _repeated(step: Callable[[tf.Tensor], Any], count: int) -> Callable[[tf.Tensor], Any]:
    def once(real: tf.Tensor, turn: tf.Tensor) -> tuple[tf.Tensor]:
        step(real)
        return (turn + 1,)

    def several(real: tf.Tensor) -> None:
        tf.while_loop(lambda turn: turn < count, lambda turn: once(real, turn), (tf.constant(0),))

    return several if count > 1 else lambda real: step(real)


def _captured(concrete: Any) -> tuple[list[str], list[tf.Variable]]:
    """Names and variables of a function's captured inputs, in their order."""
    by_handle = {id(variable.handle): variable for variable in concrete.graph.variables}
    variables = [by_handle[id(handle)] for handle in concrete.captured_inputs]
    return [getattr(variable, "path", variable.name) for variable in variables], variables


def main() -> None:
    """Writes the programs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=list(GROUPS), choices=list(GROUPS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for group in options.only:
        for spec in GROUPS[group]:
            if (options.folder / f"{spec.name}.json").exists():
                continue
            hlo, description = exported(spec)
            (options.folder / f"{spec.name}.hlo.gz").write_bytes(gzip.compress(hlo, mtime=0))
            described = {"group": group, "made_with": machine(), **description}
            (options.folder / f"{spec.name}.json").write_text(json.dumps(described), encoding="utf-8")
            print(spec.name, len(hlo), file=sys.stderr, flush=True)
            keras.backend.clear_session()


if __name__ == "__main__":
    main()
