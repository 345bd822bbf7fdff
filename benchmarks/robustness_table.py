"""What `benchmarks/robustness.py` found: success, regret, and exact paired tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

NEAR, LEVEL = 1.5, 2.0
"""A success is within NEAR times the best of all methods in that setting, and below LEVEL. The digits preset: 0.3."""
FOCUS = "auto"


def table(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By method: rate of success with its 95 % interval, median log-regret, tournaments, and tests against `auto`.

    Args:
        rows: of each setting and method, with `frechet_distance`, `generations`, `tournaments` and `decided`.
    """
    found = {(row["setting"], row["method"]): row for row in rows}
    settings, methods = (list(dict.fromkeys(key[place] for key in found)) for place in range(2))
    values = np.array([[found[s, m]["frechet_distance"] for m in methods] for s in settings], float)
    values = np.where(np.isfinite(values), values, np.inf)
    best = values.min(axis=1, keepdims=True)
    success = (values <= NEAR * best) & (values <= LEVEL)
    with np.errstate(invalid="ignore"):
        regret = np.nan_to_num(np.log(values) - np.log(best), nan=np.inf)
    focus = methods.index(FOCUS) if FOCUS in methods else None
    tests: dict[str, float] = {}
    if focus is not None:
        others = [place for place in range(len(methods)) if place != focus]
        raw = [mcnemar(success[:, focus], success[:, place]) for place in others]
        tests = dict(zip([methods[place] for place in others], holm(raw), strict=True))
    shown = {}
    for place, method in enumerate(methods):
        of_method = [found[setting, method] for setting in settings]
        low, high = wilson(int(success[:, place].sum()), len(settings))
        shown[method] = {
            "success": round(float(success[:, place].mean()), 3),
            "interval_95": [round(low, 3), round(high, 3)],
            "median_log_regret": round(float(np.median(regret[:, place])), 3),
            "median": round(float(np.median(values[:, place])), 3),
            "tournaments": round(float(np.mean([r["tournaments"] / r["generations"] for r in of_method])), 3),
            "decided": round(float(np.mean([r["decided"] / r["generations"] for r in of_method])), 3),
            **({"p_holm": round(tests[method], 4)} if method in tests else {}),
        }
    return shown


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate (1927)."""
    z, rate = 1.959964, successes / count
    middle = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return float(middle - half), float(middle + half)


def mcnemar(one: np.ndarray, other: np.ndarray) -> float:
    """The exact two-sided p-value of McNemar's test: of the settings in which only one succeeds."""
    from scipy.stats import binomtest

    only = int((one & ~other).sum()), int((~one & other).sum())
    return float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979)."""
    order, adjusted, last = np.argsort(values), np.ones(len(values)), 0.0
    for rank, place in enumerate(order):
        last = max(last, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = last
    return adjusted.tolist()
