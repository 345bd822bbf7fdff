"""The noise in other languages: 100,000 numbers of each case, equal to numpy's to the bit."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import egan_tf.sampling
from egan_tf.sampling import DISTRIBUTIONS
from egan_tf.sampling.noise import NOISE, NOISES
from egan_tf.sampling.noise_vectors import noise_vectors
from tests.sampling.noise_words import pair_numbers, pair_words

SCRIPT = Path(egan_tf.sampling.__file__).with_name("noise.js")
CASES = ((0, 0), (1, 999_983), (2**53 + 1, 2**32 - 400), (2**64 - 1, 2**53 + 12_345))
"""Seeds and starts."""
COUNT, SIZE = 1000, 100

PROGRAM = """
const [distribution, seed, start, count, size] = process.argv.slice(-5);
const found = eganNoise.rows(distribution, BigInt(seed), BigInt(start), Number(count), Number(size));
require("fs").writeSync(1, Buffer.from(found.buffer));
"""

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def expected(distribution: str, seed: int, start: int, count: int = COUNT, size: int = SIZE) -> np.ndarray:
    return NOISES[NOISE].rows(distribution, seed, start, size).draw(count)


def printed(*line: object, cwd: Path | None = None, given: bytes = b"") -> bytes:
    done = subprocess.run([str(word) for word in line], capture_output=True, check=False, cwd=cwd, input=given)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module", params=["-ffp-contract=off", "-ffp-contract=fast -march=native"])
def c_programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `noise` and `noise_words`."""
    folder = tmp_path_factory.mktemp("c")
    warnings = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O2")
    for name in ("noise", "noise_words"):
        source = Path(__file__).with_name(f"{name}.c")
        printed("gcc", *warnings, *request.param.split(), source, "-lm", "-o", folder / name)
    return folder


@pytest.fixture
def c_program(c_programs: Path) -> Path:
    return c_programs / "noise"


@needs_gcc
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_c_makes_the_same_bits(distribution: str, c_program: Path) -> None:
    for seed, start in CASES:
        found = printed(c_program, distribution, seed, start, COUNT, SIZE)
        assert found == expected(distribution, seed, start).tobytes(), (seed, start)
    assert printed(c_program, distribution, 3, 4, 5, 7) == expected(distribution, 3, 4, 5, 7).tobytes()


@needs_gcc
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_c_at_the_ends_of_the_words(distribution: str, c_programs: Path) -> None:
    found = printed(c_programs / "noise_words", distribution, given=pair_words().tobytes())
    assert found == pair_numbers(distribution).tobytes()


@needs_gcc
def test_c_makes_the_last_samples_of_a_seed(c_program: Path) -> None:
    assert printed(c_program, "normal", 0, 2**63 - 2, 2, 5) == expected("normal", 0, 2**63 - 2, 2, 5).tobytes()
    assert printed(c_program, "normal", 0, 2**63, 0, 5) == b""


REFUSED = {
    "seed": ("normal", 2**64, 0, 1, 5),
    "a longer seed": ("uniform", 2**200, 0, 1, 5),
    "a negative seed": ("normal", -1, 0, 1, 5),
    "a seed with a sign": ("normal", "+1", 0, 1, 5),
    "a seed with a space": ("normal", " 1", 0, 1, 5),
    "an empty seed": ("normal", "", 0, 1, 5),
    "a seed in hexadecimal": ("normal", "0x10", 0, 1, 5),
    "a seed with a fraction": ("normal", "1.5", 0, 1, 5),
    "start": ("normal", 0, 2**63 + 1, 0, 5),
    "a negative start": ("normal", 0, -1, 1, 5),
    "a start above 64 bits": ("normal", 0, 2**64, 1, 5),
    "count": ("normal", 0, 0, 2**63 + 1, 5),
    "a count past the last sample": ("normal", 0, 2**63 - 2, 3, 5),
    "a count from the end": ("normal", 0, 2**63, 1, 5),
    "a count of letters": ("normal", 0, 0, "many", 5),
    "size": ("normal", 0, 0, 1, 2**31 + 1),
    "a size above 32 bits": ("normal", 0, 0, 1, 2**32 + 1),
    "a negative size": ("normal", 0, 0, 1, -5),
    "usage: another distribution": ("cauchy", 0, 0, 1, 5),
    "usage: nothing": (),
    "usage: one more": ("normal", 0, 0, 1, 5, 6),
}


@needs_gcc
@pytest.mark.parametrize("name", REFUSED)
def test_c_refuses_what_it_cannot_make(name: str, c_program: Path) -> None:
    line = [str(word) for word in (c_program, *REFUSED[name])]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    what = next(word for word in ("usage", "seed", "start", "count", "size") if word in name)
    assert done.stderr.startswith(f"{what}: ") and done.stderr.count("\n") == 1


@needs_node
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_javascript_makes_the_same_bits(distribution: str, tmp_path: Path) -> None:
    program = tmp_path / "program.cjs"
    program.write_text(f"const eganNoise = require({json.dumps(str(SCRIPT))});\n{PROGRAM}")
    for seed, start in (*CASES, (2**200 + 3, 0)):
        found = printed("node", program, distribution, seed, start, COUNT, SIZE)
        assert found == expected(distribution, seed, start).tobytes(), (seed, start)
    assert printed("node", program, distribution, 3, 4, 5, 7) == expected(distribution, 3, 4, 5, 7).tobytes()


@needs_node
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_javascript_at_the_ends_of_the_words(distribution: str) -> None:
    code = f"""const n = require({json.dumps(str(SCRIPT))}), [distribution, given] = process.argv.slice(1);
    for (const block of JSON.parse(given)) {{
      require("fs").writeSync(1, Buffer.from(n.blockNumbers(distribution, block).buffer));
    }}"""
    blocks = pair_words().reshape(-1, 4).tolist()
    assert printed("node", "-e", code, distribution, json.dumps(blocks)) == pair_numbers(distribution).tobytes()


@needs_node
def test_javascript_makes_the_last_samples_of_a_seed() -> None:
    code = f"const n = require({json.dumps(str(SCRIPT))}); "
    code += "process.stdout.write(Buffer.from(n.rows('normal', 3, 2n ** 63n - 2n, 2, 5).buffer))"
    assert printed("node", "-e", code) == expected("normal", 3, 2**63 - 2, 2, 5).tobytes()


@needs_node
def test_the_script_is_a_plain_script_and_a_module(tmp_path: Path) -> None:
    """In a browser there is neither `require` nor `module`."""
    (tmp_path / "noise.mjs").write_bytes(SCRIPT.read_bytes())
    shown = "JSON.stringify([...globalThis.eganNoise.rows('normal', 0, 0, 1, 3)])"
    (tmp_path / "page.mjs").write_text(f'import "./noise.mjs";\nconsole.log({shown});\n')
    plain = (
        f"const vm = require('vm'), context = vm.createContext({{}});"
        f"vm.runInContext(require('fs').readFileSync({json.dumps(str(SCRIPT))}, 'utf-8'), context);"
        f"console.log(vm.runInContext({json.dumps(shown)}, context));"
    )
    numbers = expected("normal", 0, 0, 1, 3)[0].tolist()
    for line in (("node", "page.mjs"), ("node", "-e", plain)):
        assert json.loads(printed(*line, cwd=tmp_path)) == numbers


@needs_node
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_script_checks_itself_by_a_card(distribution: str) -> None:
    vectors = noise_vectors(NOISE, distribution)
    noise = {"distribution": distribution, "name": NOISE, "version": 1, "test_vectors": vectors}
    checked = f"const n = require({json.dumps(str(SCRIPT))}); try {{ n.check(JSON.parse(process.argv[1])); "
    checked += "console.log('same') } catch (error) { console.log(error.message) }"
    assert printed("node", "-e", checked, json.dumps(noise)) == b"same\n"
    vectors[2]["numbers"][1] = float(np.nextafter(np.float32(vectors[2]["numbers"][1]), np.float32(9)))
    said = printed("node", "-e", checked, json.dumps(noise)).decode()
    assert said == "noise: differs from the test vector of seed 0, sample 1\n"
    said = printed("node", "-e", checked, json.dumps({**noise, "version": 2})).decode()
    assert said == f"noise: is {NOISE}, version 2, not {NOISE}, version 1\n"


@needs_node
@pytest.mark.parametrize(
    "arguments",
    [
        "'cauchy', 0, 0, 1, 1",
        "'normal', -1, 0, 1, 1",
        "'normal', 2 ** 60, 0, 1, 1",
        "'normal', 0, 0.5, 1, 1",
        "'normal', 0, 2n ** 63n, 1, 1",
        "'normal', 0, 2n ** 63n - 2n, 3, 1",
        "'uniform', 0, 2n ** 64n, 1, 1",
        "'uniform', 0, 2n ** 200n, 1n, 1",
        "'uniform', 0, 1, 2n ** 63n, 1",
    ],
)
def test_the_script_refuses_what_it_cannot_make(arguments: str) -> None:
    code = f"const n = require({json.dumps(str(SCRIPT))}); try {{ n.rows({arguments}); console.log('made') }} "
    code += "catch (error) { console.log(error.name) }"
    assert printed("node", "-e", code) == b"RangeError\n"
