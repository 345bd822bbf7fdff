"""A page opens only the generator that it was written with, and says whether it could compare. Needs Node.js."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import egan_tf.export.page

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")

SAMPLER = Path(egan_tf.export.page.__file__).parent / "templates" / "sampler.js"
CONTENT = b"the generator"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PROGRAM = """
const [script, sha256, secure] = process.argv.slice(1);
const { webcrypto } = require("crypto");
Object.defineProperty(globalThis, "crypto", { value: secure === "true" ? webcrypto : {}, configurable: true });
const response = { ok: true, json: async () => ({ sha256 }), arrayBuffer: async () => Buffer.from("the generator") };
globalThis.fetch = async () => response;
globalThis.eganNoise = { check() {} };
globalThis.document = { baseURI: "http://localhost/" };
let opened = 0;
globalThis.ort = { env: { wasm: {} }, InferenceSession: { create: async () => (opened += 1) } };
require(script);
eganSampler.open().then(
  ({ checked }) => console.log(JSON.stringify([checked, opened])),
  (error) => console.log(JSON.stringify([error.message, opened]))
);
"""


def opened(sha256: str, secure: bool) -> list:
    """Whether the page compared the generator, or its error, and how often it opened it."""
    line = ["node", "-e", PROGRAM, str(SAMPLER), sha256, json.dumps(secure)]
    return json.loads(subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_the_generator_is_compared_where_the_browser_can() -> None:
    assert opened(SHA256, secure=True) == [True, 1]
    assert opened(SHA256, secure=False) == [False, 1]
    assert opened("0" * 64, secure=False) == [False, 1]


def test_another_generator_is_refused_before_it_is_opened() -> None:
    message, count = opened("0" * 64, secure=True)
    assert message.startswith("generator.onnx is damaged or changed: its SHA-256 is ")
    assert SHA256 in message and "0" * 64 in message and count == 0
