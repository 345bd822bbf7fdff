"""The command line beside the pictures of a page draws the chosen class, whatever the names of the classes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import egan_tf.export.page
from egan_tf.export.page.folder import page_data
from egan_tf.sampling import Sampler
from egan_tf.sampling.command import main
from egan_tf.sampling.labels import label_rows
from tests.sampling.onnx_files import CLASSES, build, put

SCRIPT = Path(egan_tf.export.page.__file__).parent / "templates" / "page.js"
DOCUMENT = """
/* A document whose elements do nothing; prints the command when the page has drawn. */
function begin(script, spec, label) {
  const values = { seed: "5", start: "0", count: "4", label, from: "0", to: "1", way: "50", "walk-label": "0" };
  const elements = {}, nothing = () => {};
  const element = (id) => (elements[id] ??= {
    value: values[id] ?? "", style: {}, dataset: {}, elements: [], append: nothing, add: nothing, setAttribute: nothing,
    addEventListener: nothing, checkValidity: () => true, getContext: () => ({ fillRect: nothing, drawImage: nothing }),
  });
  globalThis.document = { getElementById: element, querySelectorAll: () => [] };
  globalThis.location = { protocol: "http:" };
  globalThis.Option = function () {};
  globalThis.createImageBitmap = async () => ({ close: nothing });
  const image = { width: 8, height: 8 };
  globalThis.eganSampler = { open: async () => ({ spec }), noise: nothing, images: async () => [image] };
  globalThis.eganWalk = { interpolate: nothing };
  require(script);
  setTimeout(() => {
    if (element("error").textContent) { throw new Error(element("error").textContent); }
    console.log(element("command").textContent);
  }, 100);
}
"""


@pytest.mark.parametrize(
    "names", [("1", "2", "3"), ("0", "1", "2"), ("2", "01", "1"), ("a b", "$(x)", "00"), ("shirt", "shoe", "hat"), ()]
)
def test_the_numbers_of_classes_mean_one_class_each(names: tuple[str, ...], tmp_path: Path) -> None:
    metadata = {**CLASSES.to_metadata(), "egan_tf.class_names": json.dumps(names)}
    sampler = Sampler(put(tmp_path, build(CLASSES, metadata)))
    numbers = page_data("it", sampler)["class_numbers"]
    assert [label_rows(sampler.spec, number, 1) for number in numbers] == [0, 1, 2]
    assert all(number.isdigit() for number in numbers)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_command_that_the_page_shows_draws_the_chosen_class(tmp_path: Path) -> None:
    metadata = {**CLASSES.to_metadata(), "egan_tf.class_names": '["1", "2", "3"]'}
    path = put(tmp_path, build(CLASSES, metadata))
    data = json.dumps(page_data("it", Sampler(path)))
    for label in range(3):
        program = f"{DOCUMENT}\nbegin({json.dumps(str(SCRIPT))}, {data}, '{label}');"
        done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)
        program_name, _, *arguments, _, out = done.stdout.split()
        assert (program_name, out) == ("egan-sample", "grid.png")
        main([str(path), *arguments, "--out", str(tmp_path / f"{label}.npy")])
        np.testing.assert_array_equal(np.load(tmp_path / f"{label}.npy"), Sampler(path).sample(4, 5, labels=label))
