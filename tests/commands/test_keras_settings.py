"""Settings of Keras that another project left in the environment or in `keras.json`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sampling.onnx_files import without_rows

ROOT = Path(__file__).parents[2]
IMPORTS = {
    "the facade": "from egan_tf import EGAN",
    "the networks": "from egan_tf.networks import build_generator",
    "the export": "from egan_tf.export import export_generator",
}


def settings(home: Path, **values: object) -> dict[str, str]:
    """An environment whose home of Keras has this file."""
    (home / "keras.json").write_text(json.dumps(values))
    return {"KERAS_HOME": str(home)}


def called(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KERAS_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)


OTHERS = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.5}


@pytest.mark.slow
def test_a_run_does_not_depend_on_the_settings_of_others(tmp_path: Path) -> None:
    """Backend, number type, order of the axes, epsilon, and the limits that end `fit` early."""
    flags = ["--steps", "2", "--width", "4", "--metrics", "--formats", "onnx", "--sample-every", "2", "--name", "it"]
    results = []
    limits = {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "0", "KERAS_MAX_STEPS_PER_EPOCH": "1"}
    for name, environment in (("plain", {}), ("others", {**settings(tmp_path, **OTHERS), **limits})):
        where = ["--runs-dir", str(tmp_path / name / "runs"), "--models-dir", str(tmp_path / name / "models")]
        done = called(str(ROOT / "train_tf.py"), *flags, *where, **environment)
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / name / "models" / "it" / "card.json").read_text())["steps"] == 2
        results.append(without_rows(tmp_path / name / "models" / "it" / "generator.onnx"))
    assert results[0] == results[1]
    again = called(
        *(str(ROOT / "export.py"), str(tmp_path / "others" / "runs" / "001-it"), "--name", "again"),
        *("--models-dir", str(tmp_path / "others" / "models")),
        **settings(tmp_path, **OTHERS),
        KERAS_BACKEND="torch",
    )
    assert again.returncode == 0, again.stderr
    assert without_rows(tmp_path / "others" / "models" / "again" / "generator.onnx") == results[0]


@pytest.mark.parametrize("command", [["-m", "egan_tf.sampling"], ["-m", "egan_tf.report"], [str(ROOT / "train_tf.py")]])
def test_commands_that_need_no_keras_do_not_read_its_settings(command: list[str], tmp_path: Path) -> None:
    done = called(*command, "--help", **settings(tmp_path, floatx="int8"), KERAS_BACKEND="bogus")
    assert (done.returncode, done.stderr) == (0, "")


DAMAGED = [pytest.param(values, marks=pytest.mark.slow) for values in ({"epsilon": 1}, {"image_data_format": "x"}, [1])]


@pytest.mark.parametrize("values", [{"floatx": "bfloat16"}, *DAMAGED])
def test_a_file_that_keras_cannot_read_is_named_in_one_line(values: object, tmp_path: Path) -> None:
    environment = settings(tmp_path)
    (tmp_path / "keras.json").write_text(json.dumps(values))
    done = called(str(ROOT / "train_tf.py"), "--dry-run", **environment)
    assert done.returncode == 2
    assert done.stderr.startswith("train_tf.py: error: keras: cannot be imported: ")
    assert done.stderr.endswith(f"see {tmp_path / 'keras.json'}\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("where", [pytest.param("environment", marks=pytest.mark.slow), "file"])
@pytest.mark.parametrize("name", IMPORTS)
def test_in_python_another_backend_is_refused_before_keras_looks_for_it(name: str, where: str, tmp_path: Path) -> None:
    environment = settings(tmp_path, backend="jax") if where == "file" else {"KERAS_BACKEND": "jax"}
    done = called("-c", IMPORTS[name], **environment)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "egan_tf.utils.checks.InputError: KERAS_BACKEND: is 'jax', and egan_tf needs 'tensorflow'; "
        "set it before Keras is imported"
    )
    assert "No module named" not in done.stderr


PYTHON = """
import tempfile
import numpy as np
from egan_tf import EGAN, Sampler
from egan_tf.export import export_generator
from egan_tf.networks import build_discriminator, build_generator
for network, shape in (("mlp", (4, 5, 3)), ("dcgan", (8, 8, 1))):
    networks = build_generator(network, shape, 6, 4), build_discriminator(network, shape, 4)
    egan = EGAN(*networks, mutations=("heuristic",))
    egan.compile()
    egan.fit(np.zeros((16, *shape), "float32"), batch_size=8, epochs=1, verbose=0)
    options = {"latent": egan.latent, "value_range": (-1, 1), "card": {}}
    directory = export_generator(egan.best_generator, tempfile.mkdtemp() + "/it", **options)
    assert Sampler(directory).sample(2).shape == (2, *shape)
print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("floatx", ["float16", "float32", "float64"])
@pytest.mark.parametrize("axes", ["channels_first", "channels_last"])
def test_in_python_the_networks_work_with_every_setting(axes: str, floatx: str, tmp_path: Path) -> None:
    environment = settings(tmp_path, image_data_format=axes, floatx=floatx, epsilon=1e-5)
    done = called("-c", PYTHON, **environment, TMPDIR=str(tmp_path))
    assert done.stdout == "done\n", done.stderr
