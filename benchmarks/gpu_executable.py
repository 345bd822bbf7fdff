"""An XLA program that TensorFlow wrote, compiled and run by JAX."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TRACED_CALLS = 3
KINDS = ("fusion", "custom-call", "convolution", "dot", "conditional", "while", "copy", "call", "sort")
FUSED = re.compile(r"\s*%(fused|wrapped|gemm_fusion|region|add|max)")
"""The start of a computation that runs inside an operation."""
OPERATION = re.compile(r"^  (?:ROOT )?%\S+ = .*? ([a-z][a-z-]*)\(", re.MULTILINE)


@dataclass(frozen=True)
class Executable:
    """A compiled program.

    Attributes:
        program: JAX's handle.
        alias: output to the input that it replaces in the next call.
        flop: floating-point operations of the program before optimization, as XLA counts them; the body of a loop
            counts once.
        compile_seconds: how long the compiler took, with other programs beside it.
    """

    program: Any
    alias: dict[int, int]
    flop: float
    compile_seconds: float

    def place(self, inputs: list[np.ndarray]) -> list[Any]:
        """The inputs on the device."""
        import jax

        return jax.block_until_ready([jax.device_put(value, jax.devices()[0]) for value in inputs])

    def call(self, args: list[Any]) -> list[Any]:
        """One call; the inputs that outputs replace must not be used afterwards."""
        return [value[0] for value in self.program.execute_sharded(args).disassemble_into_single_device_arrays()]

    def chained(self, args: list[Any], count: int) -> list[Any]:
        """Calls queued one behind the other, each on what the last one changed; returns when all are done.

        `args` is changed in place to the inputs of the next call.
        """
        import jax

        outputs: list[Any] = []
        for _ in range(count):
            outputs = self.call(args)
            for output, position in self.alias.items():
                args[position] = outputs[output]
        return jax.block_until_ready(outputs)

    @property
    def memory(self) -> dict[str, float]:
        """MiB on the device: of the inputs, of those that outputs replace in place, and of temporary arrays."""
        stats = self.program.get_compiled_memory_stats()
        sizes = {
            "arguments": stats.argument_size_in_bytes,
            "replaced": stats.alias_size_in_bytes,
            "temporary": stats.temp_size_in_bytes,
        }
        return {f"{name}_mib": round(size / 2**20, 1) for name, size in sizes.items()}


def alias_of(header: str) -> dict[int, int]:
    """Output to the input that it replaces, from the first line of a program."""
    pairs = re.findall(r"\{(\d*)\}: \((\d+), \{\}", header)
    return {int(output or 0): int(position) for output, position in pairs}


@dataclass(frozen=True)
class Module:
    """A program before compilation.

    Attributes:
        stablehlo: its bytecode.
        alias: output to the input that it replaces.
        flop: see `Executable`.
    """

    stablehlo: bytes
    alias: dict[int, int]
    flop: float


def read_module(hlo: bytes) -> Module:
    """Reads a serialized HLO module."""
    import jax
    from jax._src.lib import _jax
    from jax._src.lib import hlo as library

    module = library.HloModule.from_serialized_hlo_module_proto(hlo)
    # The analysis of a module before it is compiled exists for the CPU only; the count does not depend on the device.
    flop = _jax.hlo_module_cost_analysis(jax.devices("cpu")[0].client, module)["flops"]
    return Module(_stablehlo(hlo), alias_of(module.to_string().split("\n", 1)[0]), flop)


def compile_module(module: Module) -> Executable:
    """Compiles a program for the first device; may be called in several threads."""
    import jax
    from jax._src import compiler
    from jax._src.lib import xla_client

    device = jax.devices()[0]
    assignment = np.array([[device.id]])
    options = compiler.get_compile_options(num_replicas=1, num_partitions=1, device_assignment=assignment)
    start = time.perf_counter()
    program = device.client.compile_and_load(module.stablehlo, xla_client.DeviceList((device,)), options)
    return Executable(program, module.alias, module.flop, time.perf_counter() - start)


def _stablehlo(hlo: bytes) -> bytes:
    """The program as a StableHLO module, as plugins of JAX take it; they refuse the copies that TensorFlow writes."""
    from jax._src.interpreters import mlir as interpreter
    from jax.extend import mlir
    from jaxlib.mlir import ir

    with interpreter.make_ir_context():
        module = ir.Module.parse(mlir.hlo_to_stablehlo(hlo))
        _without_copies(module.operation)
        return interpreter.module_to_bytecode(module)


def _without_copies(operation: Any) -> None:
    for block in (block for region in operation.regions for block in region.blocks):
        for inner in list(block.operations):
            _without_copies(inner.operation)
            if inner.operation.name == "mhlo.copy":
                inner.operation.results[0].replace_all_uses_with(inner.operation.operands[0])
                inner.operation.erase()


def operation_counts(executable: Executable) -> dict[str, Any]:
    """Operations of the compiled program by kind, and the bytes that they read and write by XLA's count."""
    cost = executable.program.cost_analysis()
    cost = cost[0] if isinstance(cost, list) else cost
    return {
        **kinds_of(executable.program.hlo_modules()[0].to_string()),
        "bytes_accessed": cost.get("bytes accessed"),
        "flop_of_the_compiled": cost.get("flops"),
    }


def kinds_of(text: str) -> dict[str, Any]:
    """The number of operations of each kind in the text of a compiled program; a fusion counts once."""
    counts = Counter(
        match.group(1)
        for computation in text.split("\n\n")
        if not FUSED.match(computation)
        for match in OPERATION.finditer(computation)
    )
    targets = Counter(re.findall(r'custom_call_target="([^"]+)"', text))
    return {**{kind: counts[kind] for kind in KINDS if counts[kind]}, "custom_calls": dict(targets)}


def trace(executable: Executable, inputs: list[np.ndarray], per_call: int) -> dict[str, Any]:
    """Kernels per step and the time that the device spends in them, by JAX's profiler; an error as a text."""
    import jax

    try:
        args = executable.place(inputs)
        executable.chained(args, 1)
        with tempfile.TemporaryDirectory() as folder:
            jax.profiler.start_trace(folder)
            executable.chained(args, TRACED_CALLS)
            jax.profiler.stop_trace()
            path = next(Path(folder).rglob("*.xplane.pb"))
            planes = list(jax.profiler.ProfileData.from_file(str(path)).planes)
            return _device_work(planes, TRACED_CALLS * per_call)
    except Exception as error:  # The profiler is no condition for the times.
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def _device_work(planes: list[Any], steps: int) -> dict[str, Any]:
    lines = [line for plane in planes if plane.name.startswith("/device:GPU") for line in plane.lines]
    streams = [line for line in lines if line.name.startswith("Stream")]
    events = [(event.name, event.duration_ns) for line in streams for event in line.events]
    longest = Counter[str]()
    for name, duration in events:
        longest[name[:60]] += duration
    return {
        "kernels_per_step": round(len(events) / steps, 1),
        "busy_ms_per_step": round(sum(duration for _, duration in events) / steps / 1e6, 4),
        "copies_per_step": round(sum("emcpy" in name for name, _ in events) / steps, 1),
        "longest_ms_per_step": {name: round(ns / steps / 1e6, 4) for name, ns in longest.most_common(8)},
        "lines": [line.name for line in lines][:20] if not events else [],
    }
