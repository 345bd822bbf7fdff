"""Imports point one way between packages, have no cycles between files, and the base install needs few packages."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEVELS = {
    "utils": 0,
    "evolution": 1,
    "networks": 1,
    "data": 1,
    "sampling": 2,
    "metrics": 3,
    "export": 3,
    "training": 4,
    "report": 5,
    "search": 5,
    "commands": 6,
}
"""A module imports from its own package and from packages of a lower level."""

FACADE = "egan_tf"
"""The top level loads its names on first use; inside the package only its version may be imported."""

HEAVY = (
    *("tensorflow", "keras", "pydantic", "tyro", "onnxruntime", "onnx", "tf2onnx", "matplotlib", "sklearn", "scipy"),
    *("PIL", "tensorflow_datasets", "tensorboard", "tqdm", "jinja2", "fontTools", "lmdb", "optuna", "sqlalchemy"),
)
POSIX_ONLY = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "egan_tf").rglob("*.py"))}


def imports(name: str) -> Iterator[tuple[str, str, int]]:
    """The imports of a module, also inside functions: the imported module, the imported name, the line."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner, "", node.lineno) if inner in MODULES else (node.module or "", alias.name, node.lineno)


def own_imports(name: str) -> Iterator[tuple[str, str, int]]:
    """The imports from this package."""
    return (found for found in imports(name) if found[0].split(".")[0] == FACADE)


def package(name: str) -> str:
    return name.split(".")[1]


@pytest.mark.parametrize("name", [name for name in MODULES if name != FACADE])
def test_every_module_imports_downwards(name: str) -> None:
    assert package(name) in LEVELS, f"{name} is in none of the packages {', '.join(LEVELS)}"
    for target, imported, line in own_imports(name):
        if target == FACADE:
            assert imported == "__version__", f"{name}:{line} imports {imported} from the top level"
            continue
        assert target in MODULES, f"{name}:{line} imports {target}, which does not exist"
        downwards = LEVELS[package(target)] < LEVELS[package(name)]
        assert downwards or package(target) == package(name), f"{name}:{line} imports {target}"


def test_no_import_cycle_between_files() -> None:
    graph = {name: {target for target, _, _ in own_imports(name)} - {FACADE} for name in MODULES if name != FACADE}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_only_the_locks_import_a_module_that_exists_on_posix_alone() -> None:
    found = {(name, target) for name in MODULES for target, _, _ in imports(name) if target in POSIX_ONLY}
    assert found == {("egan_tf.utils.locks", "fcntl")}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", [FACADE, "egan_tf.sampling", "egan_tf.sampling.command", "egan_tf.data"])
def test_importing_it_imports_nothing_heavy(name: str) -> None:
    code = f"import sys, {name}; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    assert run(code) == "[]\n"


def test_the_base_install_works_without_the_training_extra_and_without_posix() -> None:
    base = ("onnxruntime", "PIL")
    absent = [name for name in (*HEAVY, *POSIX_ONLY) if name not in (*base, "posix")]
    modules = [name for name in MODULES if name.startswith("egan_tf.sampling") and not name.endswith("__main__")]
    code = f"import sys; sys.modules.update(dict.fromkeys({absent!r})); import {', '.join(modules)}; print('imported')"
    assert run(code) == "imported\n"


def test_the_public_names_exist() -> None:
    import egan_tf
    import egan_tf.export
    import egan_tf.sampling

    for module in (egan_tf, egan_tf.export, egan_tf.sampling):
        assert all(getattr(module, name) is not None for name in module.__all__)
        assert set(module.__all__) - {"__version__"} == set(module._HOMES)
