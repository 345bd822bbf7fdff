"""The limits of a device, as JAX reaches them: matrix products, memory, and the time of a small kernel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

BLOCKS, CALLS = 11, 5
CHAIN = 200


def limits(side: int = 8192, gib: float = 1.0) -> dict[str, Any]:
    """Medians and quartiles of each limit.

    Args:
        side: of the square matrices.
        gib: of the array that is read and written once.
    """
    import jax
    import jax.numpy as jnp

    random = np.random.default_rng(0)
    flop = 2 * side**3
    found: dict[str, Any] = {"matrix_side": side, "array_gib": gib, "chain": CHAIN}

    def product(dtype: str, precision: str) -> dict[str, float]:
        a, b = (jnp.asarray(random.standard_normal((side, side), np.float32), dtype) for _ in range(2))
        multiply = jax.jit(lambda a, b: jnp.dot(a, b, precision=precision))
        return _rates(_block_seconds(lambda: multiply(a, b)), flop / 1e12)

    found["bfloat16_tflops"] = product("bfloat16", "default")
    found["float32_default_tflops"] = product("float32", "default")
    found["float32_highest_tflops"] = product("float32", "highest")

    array = jnp.asarray(random.standard_normal(int(gib * 2**28), np.float32))
    double = jax.jit(lambda array: 2 * array)
    found["memory_gbytes_per_second"] = _rates(_block_seconds(lambda: double(array)), 2 * array.nbytes / 1e9)

    small = jnp.asarray(random.standard_normal((64, 64), np.float32) / 8)
    chain = jax.jit(lambda matrix: _chain(matrix, small))
    seconds = _block_seconds(lambda: chain(small))
    found["chained_product_us"] = _quartiles([second / CHAIN * 1e6 for second in seconds])
    return found


def _chain(matrix: Any, factor: Any) -> Any:
    for _ in range(CHAIN):
        matrix = matrix @ factor
    return matrix


def _block_seconds(call: Callable[[], Any]) -> list[float]:
    """Seconds per call, of blocks of calls that are queued without waiting in between."""
    import jax

    jax.block_until_ready([call() for _ in range(CALLS)])
    seconds = []
    for _ in range(BLOCKS):
        start = time.perf_counter()
        jax.block_until_ready([call() for _ in range(CALLS)])
        seconds.append((time.perf_counter() - start) / CALLS)
    return seconds


def _rates(seconds: list[float], amount: float) -> dict[str, float]:
    return _quartiles([amount / second for second in seconds])


def _quartiles(values: list[float]) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(median, 3), "quartile_1": round(low, 3), "quartile_3": round(high, 3)}
