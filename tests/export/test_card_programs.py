"""What a README says runs as it stands: of each format and kind of generator, and of the models shipped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.commands import export as export_command
from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, export_generator
from egan_tf.sampling import Sampler, SamplingSpec
from egan_tf.sampling.command import main as sample_command
from tests.docs.blocks import ROOT
from tests.export.cards import programs, shell
from tests.export.networks import LATENT_SIZE, NAMES, SHAPE, network

KINDS = {
    "plain": ("normal", ()),
    "conditional": ("normal", NAMES),
    "uniform": ("uniform", ()),
    "conditional uniform": ("uniform", NAMES),
}
"""Distribution of the noise, and names of the classes."""
QUICK = ("onnx", "onnx_float16", "images", "keras")
MARKED = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FORMATS]
SHIPPED = sorted(path.parent.name for path in (ROOT / "saved_models" / "reference").glob("*/README.md"))


def draw(program: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Runs a program; its samples, and its noise if it draws that itself."""
    names: dict[str, Any] = {}
    exec(compile(program, "README.md", "exec"), names)
    return np.asarray(names["samples"]), np.asarray(names["noise"]) if "noise" in names else None


def check_samples(samples: np.ndarray, spec: SamplingSpec) -> None:
    """64, of which each is what the generator makes, or a picture for other programs."""
    if samples.dtype == np.uint8:
        height, width, _ = spec.sample_shape
        assert samples.shape == (64, 3, height, width)
    else:
        assert samples.dtype == np.float32 and samples.shape == (64, *spec.sample_shape) and np.isfinite(samples).all()
    assert len(np.unique(samples.reshape(64, -1), axis=0)) == 64


def check_noise(noise: np.ndarray, spec: SamplingSpec, *, of_pictures: bool) -> None:
    """It has the distribution that the generator was trained with; in [0, 1) where the file of pictures wants that."""
    assert noise.shape == (64, spec.latent_size) and noise.dtype == np.float32
    if spec.distribution == "normal":
        assert noise.min() < -1 and noise.max() > 1
    else:
        assert (0 if of_pictures else -1) <= noise.min() < (0.1 if of_pictures else -0.9) and 0.9 < noise.max() < 1


def run_commands(readme: str, data: str = "digits") -> list[str]:
    """Runs every command line but torch-fidelity's, with `data` for DATA; their programs."""
    run = []
    for words in shell(readme):
        line = [data if word == "DATA" else word for word in words]
        if line[:2] == ["egan-export", "verify"]:
            assert export_command.main([*line[1:], "--files-only"]) == 0
        elif line[:3] == ["python", "-m", "egan_tf.sampling"]:
            sample_command(line[3:])
        elif line[0] == "egan-sample":
            sample_command(line[1:])
        else:
            assert line[0] == "fidelity"  # loads weights of its own
            continue
        run.append(line[0])
        if "--out" in line:
            Path(line[line.index("--out") + 1]).unlink()
    return run


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MARKED)
def test_what_the_readme_of_a_format_says_runs(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    distribution, names = KINDS[kind]
    spec = SamplingSpec(LATENT_SIZE, distribution, SHAPE, (-1.0, 1.0), len(names), names)
    options: dict[str, Any] = {
        "value_range": (-1, 1),
        "latent": Latent(LATENT_SIZE, distribution),
        "class_names": names,
    }
    export_generator(network("dcgan", len(names)), "models/it", formats=[name], **options)
    readme = Path("models/it/README.md").read_text("utf-8")
    (program,) = programs(readme)
    samples, noise = draw(program)
    check_samples(samples, spec)
    assert (samples.dtype == np.uint8) == (name == "images") and (noise is None) == FORMATS[name].opened_by_sampler
    if noise is not None:
        check_noise(noise, spec, of_pictures=name == "images")
    assert run_commands(readme) == [
        "egan-export",
        *(["python", "egan-sample"] if FORMATS[name].opened_by_sampler else []),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_readme_of_a_shipped_model_says_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("saved_models") / "reference" / name
    shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    readme, spec = (folder / "README.md").read_text("utf-8"), Sampler(folder).spec
    found = programs(readme)
    assert len(found) == (3 if spec.is_image else 2)
    for program in found:
        samples, noise = draw(program)
        check_samples(samples, spec)
        if noise is not None:
            check_noise(noise, spec, of_pictures=samples.dtype == np.uint8)
    ran = run_commands(readme.replace("```sh\npython train_tf.py", "```train\npython train_tf.py"))
    assert ran[:2] == ["egan-export", "python"]
