"""Pictures in ONNX, as programs that measure generators read them: noise to uint8 [batch, 3, H, W]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from egan_tf.export.comparison import Bound, float32_bound, half_width
from egan_tf.export.formats.base import Format, FormatError, SampleFn
from egan_tf.export.markdown import check_lines, code_block, python_text, shell_word
from egan_tf.sampling.model_file import IMAGES_FILE
from egan_tf.sampling.spec import SamplingSpec

if TYPE_CHECKING:
    from egan_tf.export.source import Source

ALPHA = 4
"""Channels of an image with alpha."""
_NOISE = {"normal": "normal", "uniform": "uniform_0_1"}
"""What torch-fidelity calls the noise; it draws uniform noise in [0, 1), which the graph stretches to [-1, 1)."""


class Images(Format):
    """`images.onnx`: `noise` float32 [batch, latent_size] to `images` uint8 [batch, 3, H, W].

    Samples are clipped to their value range and rounded to the nearest of 256 levels, halves to even, in the graph.
    Grey is repeated in the three channels, alpha is laid on white. Uniform noise is taken in [0, 1), and labels are
    int64, as torch-fidelity gives them.
    """

    packages = ("onnxruntime",)
    conversion = "onnx"
    makes_samples = False

    def write(self, source: Source, directory: Path) -> None:
        """Writes `directory/images.onnx`.

        Raises:
            FormatError: the samples are no images.
        """
        if not source.spec.is_image:
            raise FormatError(f"samples of shape {list(source.spec.sample_shape)} are no images")
        from egan_tf.export.formats.images_graph import make_pictures
        from egan_tf.export.formats.onnx_conversion import convert, write_model

        model = convert(source)
        make_pictures(model.graph, source.spec)
        write_model(model, source.spec, directory / IMAGES_FILE)

    def load(self, directory: Path) -> SampleFn:
        """Loads `directory/images.onnx`; its pictures as samples float32 [batch, H, W, C], alpha being opaque."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            (directory / IMAGES_FILE).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        spec = SamplingSpec.from_metadata(session.get_modelmeta().custom_metadata_map)

        def sample_fn(noise: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
            given = noise if spec.distribution == "normal" else (noise + np.float32(1)) / np.float32(2)
            inputs: dict[str, Any] = {"noise": given}
            if labels is not None:
                inputs["labels"] = labels.astype(np.int64)
            (pictures,) = session.run(["images"], inputs)
            return _to_samples(pictures, spec)

        return sample_fn

    def bound(self, spec: SamplingSpec) -> Bound:
        """Half a level, by rounding; with alpha, the colour, the alpha and their product are rounded."""
        halves = 3 if spec.sample_shape[-1] == ALPHA else 1
        return Bound(halves / 255, halves / 255) + float32_bound(spec)

    def scale(self, samples: np.ndarray, spec: SamplingSpec) -> float:
        """Half the range, which has 255 halves of a level, whatever the samples are."""
        del samples
        return half_width(spec)

    def expected(self, samples: np.ndarray, spec: SamplingSpec) -> np.ndarray:
        """The samples within their range, in three channels: grey repeated, alpha laid on white."""
        low, high = spec.value_range or (-1.0, 1.0)
        clipped = np.clip(samples, low, high)
        if clipped.shape[-1] == ALPHA:
            opacity = (clipped[..., 3:] - low) / (high - low)
            clipped = clipped[..., :3] * opacity + high * (1 - opacity)
        return np.ascontiguousarray(np.broadcast_to(clipped, (*clipped.shape[:-1], 3)), np.float32)

    def made_shape(self, spec: SamplingSpec) -> tuple[int, ...]:
        """In three channels."""
        return (*spec.sample_shape[:-1], 3)

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """A program that draws pictures, and the flags of torch-fidelity."""
        height, width, _ = spec.sample_shape
        file = f"{path}/{IMAGES_FILE}"
        drawn = "standard_normal" if spec.distribution == "normal" else "random"
        labels = ', "labels": np.arange(64) % ' + str(spec.classes) if spec.classes else ""
        flags = [
            f"fidelity --isc --input1 {shell_word(file)} --input1-model-z-type {_NOISE[spec.distribution]}",
            f"--input1-model-z-size {spec.latent_size} --input1-model-num-classes {spec.classes}",
            "--input1-model-num-samples 50000",
        ]
        return [
            "Pictures for other programs, uint8 and channels first, rounded in the file"
            + (", from noise in [0, 1):" if spec.distribution == "uniform" else ":"),
            code_block(
                "python",
                *check_lines(path),
                "import numpy as np",
                "import onnxruntime",
                "",
                f"session = onnxruntime.InferenceSession({python_text(file)})",
                f"noise = np.random.default_rng(0).{drawn}((64, {spec.latent_size}), np.float32)",
                f'samples = session.run(["images"], {{"noise": noise{labels}}})[0]  # uint8 [64, 3, {height}, {width}]',
            ),
            "torch-fidelity reads the file as it is"
            + (" (its version 0.4.0 draws labels with NumPy before 1.24 only):" if spec.classes else ":"),
            code_block("text", *(f"{line} \\" for line in flags[:-1]), flags[-1]),
        ]


def _to_samples(pictures: np.ndarray, spec: SamplingSpec) -> np.ndarray:
    low, high = spec.value_range or (-1.0, 1.0)
    scaled = pictures.transpose(0, 2, 3, 1).astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)
    return np.ascontiguousarray(scaled, np.float32)
