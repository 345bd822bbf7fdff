"""Keras: the generator as a `.keras` file, to be trained on or taken apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.formats.embedded import embed, read_embedded
from egan_tf.export.markdown import check_lines, code_block, describe_samples, python_text
from egan_tf.sampling.model_file import KERAS_FILE
from egan_tf.sampling.spec import SamplingSpec

if TYPE_CHECKING:
    from egan_tf.export.source import Source

_NOISE = {
    "normal": "keras.random.normal((64, {size}))",
    "uniform": "keras.random.uniform((64, {size}), -1.0, 1.0)",
}


class KerasFile(Format):
    """`generator.keras`: the float32 Keras model, of layers of Keras and of this package; nothing is pickled.

    The entry `egan_tf.json` of the archive is the sampling specification.
    """

    packages = ("keras", "tensorflow")

    def write(self, source: Source, directory: Path) -> None:
        """Writes `directory/generator.keras`.

        Raises:
            FormatError: it has layers that a receiver could not load.
        """
        from egan_tf.export.formats.keras_layers import check_layers

        check_layers(source.model)
        source.model.save(directory / KERAS_FILE)
        embed(source.spec, directory / KERAS_FILE)

    def load(self, directory: Path) -> SampleFn:
        """Loads `directory/generator.keras` in Keras' safe mode."""
        import keras

        import egan_tf.networks
        from egan_tf.export.running import run_on_cpu

        del egan_tf  # imported for the layers that it registers
        read_embedded(directory / KERAS_FILE)
        model = keras.saving.load_model(directory / KERAS_FILE, compile=False, safe_mode=True)
        return lambda *inputs: run_on_cpu(model, *inputs)

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Loading and calling it in Keras."""
        labels = f"keras.ops.arange(64) % {spec.classes}"
        inputs = f"[noise, {labels}]" if spec.classes else "noise"
        return [
            "With Keras on TensorFlow:",
            code_block(
                "python",
                *check_lines(path),
                "import keras",
                "import egan_tf.networks  # registers the layers",
                "",
                f"model = keras.saving.load_model({python_text(f'{path}/{KERAS_FILE}')}, compile=False)",
                f"noise = {_NOISE[spec.distribution].format(size=spec.latent_size)}",
                f"samples = model({inputs}, training=False)  # {describe_samples(spec, 64)}",
            ),
        ]
