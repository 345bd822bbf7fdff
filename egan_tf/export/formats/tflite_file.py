"""TensorFlow Lite: one file for the interpreters of phones and microcomputers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from egan_tf.export.comparison import Bound
from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.formats.embedded import embed, read_embedded
from egan_tf.export.markdown import check_lines, code_block, describe_samples, python_text
from egan_tf.sampling.model_file import TFLITE_FILE, TFLITE_FLOAT16_FILE
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.quiet import silent_libraries

if TYPE_CHECKING:
    from egan_tf.export.source import Source


class TFLite(Format):
    """`generator.tflite`: signature `serving_default`, `noise` and perhaps `labels` to `samples`; the batch is dynamic.

    The zip entry `egan_tf.json` behind the model is the sampling specification.
    """

    packages = ("tensorflow",)
    conversion = "tflite"
    file: ClassVar[str] = TFLITE_FILE
    introduction: ClassVar[str] = "With TensorFlow Lite:"
    half: ClassVar[bool] = False

    def write(self, source: Source, directory: Path) -> None:
        """Writes the file.

        Raises:
            FormatError: TensorFlow Lite has not all operators of the generator.
        """
        from egan_tf.export.formats.tflite_conversion import convert

        (directory / self.file).write_bytes(convert(source, self.half))
        embed(source.spec, directory / self.file)

    def load(self, directory: Path) -> SampleFn:
        """Loads the file in the interpreter of TensorFlow."""
        import tensorflow as tf

        read_embedded(directory / self.file)
        with silent_libraries():  # that a later version has the interpreter in another package
            interpreter = tf.lite.Interpreter(str(directory / self.file))
            interpreter.allocate_tensors()
            run = interpreter.get_signature_runner()

        def sample_fn(noise: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
            samples: np.ndarray = run(noise=noise, **({} if labels is None else {"labels": labels}))["samples"]
            return samples

        return sample_fn

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Loading and calling it in TensorFlow."""
        drawn = "standard_normal(shape, np.float32)"
        if spec.distribution == "uniform":
            drawn = "random(shape, np.float32) * np.float32(2) - np.float32(1)"
        labels = f", labels=np.arange(64, dtype=np.int32) % {spec.classes}" if spec.classes else ""
        return [
            self.introduction,
            code_block(
                "python",
                *check_lines(path),
                "import numpy as np",
                "import tensorflow as tf",
                "",
                f"generate = tf.lite.Interpreter({python_text(f'{path}/{self.file}')}).get_signature_runner()",
                f"shape = (64, {spec.latent_size})",
                f"noise = np.random.default_rng(0).{drawn}",
                f'samples = generate(noise=noise{labels})["samples"]  # {describe_samples(spec, 64)}',
            ),
        ]


class TFLiteFloat16(TFLite):
    """`generator_float16.tflite`: as `TFLite`, its weights stored in float16."""

    file = TFLITE_FLOAT16_FILE
    introduction = "With TensorFlow Lite, about half as large, with weights in float16:"
    half = True

    def bound(self, spec: SamplingSpec) -> Bound:
        """As `OnnxFloat16`."""
        return Bound(0.05, 0.005)
