"""ONNX: one file that onnxruntime and others run without TensorFlow; its metadata specify the noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from egan_tf.export.comparison import Bound
from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.markdown import code_block, describe_samples, python_text, shell_word
from egan_tf.sampling.calls import rows_metadata
from egan_tf.sampling.command import COUNT_PER_CLASS
from egan_tf.sampling.labels import number_texts
from egan_tf.sampling.model_file import FLOAT16_FILE, INT8_FILE, ONNX_FILE
from egan_tf.sampling.pictures import MAX_GRID_IMAGES, max_grid_images
from egan_tf.sampling.sampler import Sampler
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import require

if TYPE_CHECKING:
    from egan_tf.export.source import Source


class OnnxFile(Format):
    """`generator.onnx`: `noise` float32 [batch, latent_size] to `samples` float32 [batch, *sample_shape]."""

    packages = ("onnxruntime",)
    conversion = "onnx"
    opened_by_sampler = True
    file: ClassVar[str] = ONNX_FILE
    introduction: ClassVar[str] = "Without TensorFlow (numpy, onnxruntime and pillow are enough):"

    def write(self, source: Source, directory: Path) -> None:
        """Writes the file, with the sampling specification and the rows of a call as its metadata."""
        from egan_tf.export.formats.onnx_conversion import convert, write_model
        from egan_tf.export.formats.rows_per_call import measure

        model = convert(source)
        self.store_weights(model.graph)
        rows = source.rows_per_call or measure(model.SerializeToString(), source.spec)
        write_model(model, source.spec, directory / self.file, rows_metadata(rows))
        written = Sampler(directory / self.file).spec
        require(written == source.spec, "metadata", f"read {written} where {source.spec} was written")

    def store_weights(self, graph: Any) -> None:
        """Changes how an `onnx.GraphProto` stores its weights; here it stays as it is."""

    def load(self, directory: Path) -> SampleFn:
        """Loads the file in onnxruntime, which gets all rows at once, as other programs may give them."""
        sampler = Sampler(directory / self.file)
        return lambda noise, *labels: sampler.generate(noise, *labels, rows_per_call=len(noise))

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Sampling with `egan_tf.sampling`, on the command line and in Python; it compares the file with the card."""
        file, labels = f"{path}/{self.file}", ", labels=0" if spec.classes else ""
        out = "grid.png" if spec.is_drawable else "samples.npy"
        return [
            self.introduction,
            code_block("sh", f"python -m egan_tf.sampling {shell_word(file)} {_flags(spec)} --seed 0 --out {out}"),
            code_block(
                "python",
                "from egan_tf.sampling import Sampler",
                "",
                f"samples = Sampler({python_text(file)}).sample(64, seed=0{labels})  # {describe_samples(spec, 64)}",
            ),
        ]

    def sample(self, directory: Path, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
        """The samples of `Sampler.sample`."""
        return Sampler(directory / self.file).sample(count, seed, labels=labels)


def _flags(spec: SamplingSpec) -> str:
    """Which samples the command line draws."""
    most = max_grid_images(spec) if spec.is_image else MAX_GRID_IMAGES
    count = f"--count {min(64, most)}"
    if not spec.classes:
        return count
    # The flag draws a row of the grid for each class.
    fits = not spec.is_image or spec.classes * COUNT_PER_CLASS <= most
    return "--each-label" if fits else f"--label {number_texts(spec)[0]} {count}"


class OnnxFloat16(OnnxFile):
    """`generator_float16.onnx`: as `OnnxFile`, its weights stored in float16; it computes in float32."""

    file = FLOAT16_FILE
    introduction = "About half as large, with weights in float16; computes in float32, and samples the same way:"

    def store_weights(self, graph: Any) -> None:
        """Stores them in float16."""
        from egan_tf.export.formats.onnx_weights import store_in_float16

        store_in_float16(graph)

    def bound(self, spec: SamplingSpec) -> Bound:
        """float16 keeps 11 bits, a relative step of 2^-11 = 0.0005 in every weight."""
        return Bound(0.05, 0.005)


class OnnxInt8(OnnxFile):
    """`generator_int8.onnx`: as `OnnxFile`, its weights stored in 8 bits; it computes in float32."""

    file = INT8_FILE
    introduction = "About a quarter as large, with weights in 8 bits; computes in float32, and samples the same way:"

    def store_weights(self, graph: Any) -> None:
        """Stores them as int8."""
        from egan_tf.export.formats.onnx_weights import store_in_int8

        store_in_int8(graph)

    def bound(self, spec: SamplingSpec) -> Bound:
        """A weight moves by up to 1/254 of the largest one of its channel. Single pixels on steep edges move far more
        than all of them do, root mean square; a generator without one of its weights moves all of them by tenths."""
        return Bound(0.5, 0.06)
