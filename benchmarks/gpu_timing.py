"""Times programs where there is JAX and no TensorFlow: `python -m benchmarks.gpu_timing FOLDER --out FILE`.

The folder is one that `benchmarks.gpu_program` wrote. TensorFlow and JAX share the compiler, so the time of a program
here is that of TensorFlow's step under XLA, without TensorFlow's own work for each call. Needs JAX and numpy only.
Programs with answers of TensorFlow are compared with them; then the programs of a group are timed in turns, each turn
from the initial weights: calls that are waited for, and calls that are queued one behind the other. Results are written
as they come, so that a run that is cut short keeps them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu_card import limits
from benchmarks.gpu_executable import Executable, Module, compile_module, operation_counts, read_module, trace
from benchmarks.gpu_inputs import make, relative_difference

BLOCK_SECONDS = 0.04
MIN_CALLS, MAX_CALLS = 3, 200
WAITED_CALLS = 5


@dataclass
class Timed:
    """A compiled program with its description, and the seconds of its calls so far."""

    description: dict[str, Any]
    executable: Executable
    inputs: list[np.ndarray]
    per_block: int = MIN_CALLS
    waited: list[float] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)

    @property
    def per_call(self) -> int:
        """Steps in a call."""
        return self.description["spec"]["per_call"]


def read(folder: Path, name: str) -> tuple[dict[str, Any], Module]:
    """The description of a program, and the program."""
    description = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return description, read_module(gzip.decompress((folder / f"{name}.hlo.gz").read_bytes()))


def differences(timed: Timed) -> dict[str, Any]:
    """How far the first call's results are from TensorFlow's: what it returns, and the variables that it changes."""
    description, executable = timed.description, timed.executable
    outputs = executable.call(executable.place(timed.inputs))
    fresh = [outputs[position] for position in range(len(outputs)) if position not in executable.alias]
    returned = {
        name: [np.asarray(value).item(), expected]
        for value, (name, expected) in zip(fresh, description["returned"].items(), strict=True)
    }
    variables = {
        description["names"][position]: relative_difference(
            np.asarray(outputs[output]), description["after"][position - 1]
        )
        for output, position in executable.alias.items()
        if description["inputs"][position]["dtype"] == "float32" and len(description["inputs"][position]["shape"]) > 1
    }
    worst = max(variables, key=lambda name: variables[name])
    return {
        "returned_here_and_tensorflow": returned,
        "variables_median": float(np.median(list(variables.values()))),
        "variables_largest": variables[worst],
        "variable_of_the_largest": worst,
    }


def calibrate(timed: Timed) -> int:
    """Warms up, and sets and returns the number of calls in a block."""
    executable = timed.executable
    args = executable.place(timed.inputs)
    executable.chained(args, MIN_CALLS)
    start = time.perf_counter()
    executable.chained(args, MIN_CALLS)
    each = (time.perf_counter() - start) / MIN_CALLS
    timed.per_block = int(np.clip(BLOCK_SECONDS / each, MIN_CALLS, MAX_CALLS))
    return timed.per_block


def take_turn(timed: Timed) -> bool:
    """Times single calls, and a block of queued ones, from the initial weights; whether all results are finite."""
    executable = timed.executable
    args = executable.place(timed.inputs)
    executable.chained(args, 1)
    for _ in range(WAITED_CALLS):
        start = time.perf_counter()
        executable.chained(args, 1)
        timed.waited.append((time.perf_counter() - start) / timed.per_call)
    start = time.perf_counter()
    outputs = executable.chained(args, timed.per_block)
    timed.queued.append((time.perf_counter() - start) / timed.per_block / timed.per_call)
    return all(bool(np.isfinite(np.asarray(value, "float64")).all()) for value in outputs if value.ndim < 2)


def result(timed: Timed) -> dict[str, Any]:
    """Times and FLOP of a step, and what the compiler took."""
    return {
        "waited": _milliseconds(timed.waited),
        "queued": _milliseconds(timed.queued),
        "blocks": len(timed.queued),
        "calls_per_block": timed.per_block,
        "flop_per_step": timed.executable.flop,
        "compile_seconds": round(timed.executable.compile_seconds, 2),
    }


def share_of_limit(entry: dict[str, Any], card: dict[str, Any]) -> float:
    """FLOP of a step over its time, divided by the rate of matrix products in the same precision."""
    spec = entry["spec"]
    precision = "bfloat16" if spec["case"]["precision"] == "mixed_bfloat16" else "float32_default"
    limit = card[f"{'float32_highest' if spec['strict'] else precision}_tflops"]["median"]
    return round(entry["flop_per_step"] / entry["queued"]["median_ms"] / 1e9 / limit, 4)


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    low, median, high = np.percentile(np.array(seconds) * 1000, [25, 50, 75])
    return {"median_ms": round(median, 4), "quartile_1_ms": round(low, 4), "quartile_3_ms": round(high, 4)}


def attempt(entry: dict[str, Any], name: str, work: Callable[[], Any]) -> Any:
    """Stores a result; instead of raising, stores the error, as one program's failure must not cost the others."""
    try:
        entry[name] = work()
    except Exception as error:
        entry.setdefault("errors", {})[name] = f"{type(error).__name__}: {error}"[:500]
        return None
    return entry[name]


def load_group(folder: Path, names: list[str], threads: int, entries: dict[str, Any]) -> dict[str, Timed]:
    """Compiles the programs of a group, and compares those that have answers."""
    # Only the compiler itself is known to work in several threads.
    modules = {name: read(folder, name) for name in names}
    with ThreadPoolExecutor(threads) as pool:
        compiling = {name: pool.submit(compile_module, module) for name, (_, module) in modules.items()}
    programs: dict[str, Timed] = {}
    for name, future in compiling.items():
        description = modules[name][0]
        entry = entries[name] = {"spec": description["spec"]}
        compiled: dict[str, Any] = {}
        if attempt(compiled, "executable", future.result) is None:
            entry |= compiled
            continue
        inputs = [make(one, key) for key, one in enumerate(description["inputs"])]
        timed = Timed(description, compiled["executable"], inputs)
        if entry["spec"]["answered"]:
            attempt(entry, "differences", partial(differences, timed))
        if attempt(entry, "calls_per_block", partial(calibrate, timed)):
            programs[name] = timed
    return programs


def time_group(programs: dict[str, Timed], rounds: int, entries: dict[str, Any], card: dict[str, Any]) -> None:
    """Times the programs in turns."""
    finite = dict.fromkeys(programs, True)
    for _ in range(rounds):
        for name, timed in programs.items():
            finite[name] &= take_turn(timed)
    for name, timed in programs.items():
        entries[name] |= {"finite": finite[name], **result(timed)}
        attempt(entries[name], "share_of_matrix_rate", partial(share_of_limit, entries[name], card))
        attempt(entries[name], "memory", lambda timed=timed: timed.executable.memory)
        attempt(entries[name], "operations", partial(operation_counts, timed.executable))


def groups(folder: Path) -> dict[str, list[str]]:
    """The names of the programs in a folder, by group."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.json")):
        found.setdefault(json.loads(path.read_text(encoding="utf-8"))["group"], []).append(path.stem)
    return found


def main() -> None:
    """Times the groups in the given order until the time is up, and writes the report after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the JSON; groups that it has are not timed again")
    parser.add_argument("--groups", nargs="+", default=[], help="in this order; by default all, by name")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=8, help="that compile")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no group is begun")
    parser.add_argument("--trace", nargs="*", default=[], help="groups whose kernels are counted by JAX's profiler")
    parser.add_argument("--matrix-side", type=int, default=8192)
    parser.add_argument("--array-gib", type=float, default=1.0)
    options = parser.parse_args()
    start = time.perf_counter()
    report: dict[str, Any] = {"begun": [], "programs": {}}
    if options.out.exists():
        report = json.loads(options.out.read_text(encoding="utf-8"))

    def write(line: str) -> None:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        print(f"{time.perf_counter() - start:6.1f} s  {line}", file=sys.stderr, flush=True)

    device = _device()
    if "card" not in report:
        report["card"] = {**device, **limits(options.matrix_side, options.array_gib)}
        write(json.dumps(report["card"]))
    known, entries = groups(options.folder), report["programs"]
    for group in options.groups or list(known):
        if group in report["begun"] or time.perf_counter() - start > 60 * options.minutes:
            continue
        report["begun"].append(group)
        write(f"begins {group}")
        programs = load_group(options.folder, known[group], options.threads, entries)
        write("compiled")
        time_group(programs, options.rounds, entries, report["card"])
        write("timed")
        for name, timed in programs.items() if group in options.trace else ():
            entries[name]["trace"] = trace(timed.executable, timed.inputs, timed.per_call)
        for name in known[group]:
            write(f"{name} {json.dumps({key: value for key, value in entries[name].items() if key not in LONG})}")


LONG = ("spec", "differences", "operations")


def _device() -> dict[str, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)  # Keras counts iterations in int64.
    return {"date": time.strftime("%Y-%m-%d"), "device": jax.devices()[0].device_kind, "jax": jax.__version__}


if __name__ == "__main__":
    main()
