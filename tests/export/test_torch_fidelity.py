"""torch-fidelity runs the command of a README on the file that lies there.

The program needs PyTorch, and for labels NumPy before 1.24, which nothing else here does: it is looked for on the PATH,
and may belong to another environment. The weights of its feature extractor are random, so that its figures mean
nothing: it reads the file, draws samples from it, and takes them for pictures.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.export.cards import shell

PROGRAM = shutil.which("fidelity") or ""
SHIPPED = sorted(path.parent.name for path in ROOT.glob("saved_models/reference/*/images.onnx"))
UNTRAINED = """
import sys, torch
from torch_fidelity import feature_extractor_inceptionv3 as module
extractor = module.FeatureExtractorInceptionV3
module.load_state_dict_from_url = lambda *_, **__: {}
load, extractor.load_state_dict = extractor.load_state_dict, lambda *_: None
torch.manual_seed(0)
torch.save(extractor("inception-v3-compat", ["2048"]).state_dict(), sys.argv[1])
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM, reason="needs torch-fidelity: its program `fidelity` on the PATH"),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    python = Path(PROGRAM).with_name("python")
    subprocess.run([python, "-c", UNTRAINED, path], check=True)
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_its_command_reads_a_shipped_model(name: str, weights: Path) -> None:
    readme = (ROOT / "saved_models" / "reference" / name / "README.md").read_text("utf-8")
    (line,) = (words for words in shell(readme) if words[0] == "fidelity")
    line[0] = PROGRAM
    line[line.index("--input1-model-num-samples") + 1] = "200"
    here = ["--cpu", "--json", "--feature-extractor-weights-path", str(weights), "--save-cpu-ram"]
    done = subprocess.run([*line, *here], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert found and all(name.startswith("inception_score") for name in found)
