"""Prints the tables of `benchmarks/robustness.py`: `python -m benchmarks.robustness_text RESULT.json ...`.

First the methods, then every setting with the Fréchet distance of each of them. Results of the same settings may be
given together; a success is then measured by the best of all their methods.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.robustness_table import FOCUS, table

Row = Mapping[str, Any]
HEADING = ("method", "success", "95 %", "median", "median log-regret", "distance over best", "tournaments", "decided")
"""Distance over best: the geometric mean over settings, the largest, and how often it is above 10."""
DIFFERENCE = ("p", "p, Holm", "p of the regrets", "the same, Holm")


def methods_text(found: Mapping[str, Mapping[str, Any]], focus: str = FOCUS) -> str:
    """The methods as a Markdown table, those with most successes first.

    Args:
        found: of `robustness_table.table`.
        focus: the method that the others are compared with.
    """
    heading = (*HEADING, f"{focus} higher by", *DIFFERENCE)
    lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
    for name, of_method in sorted(found.items(), key=lambda item: -item[1]["success"]):
        cells = [name, _percent(of_method["success"])]
        if "median" in of_method:
            cells += [_interval(of_method["interval_95"]), f"{of_method['median']:.2f}"]
            cells += [f"{of_method['median_log_regret']:.2f}"]
            cells += ["{factor_mean:.3g}, {factor_largest:.3g}, {above_10_times}".format_map(of_method)]
            cells += [_percent(of_method["tournaments"]), _percent(of_method["decided"])]
        else:  # a mean of methods
            cells += [""] * (len(HEADING) - 2)
        if "focus_higher_by" in of_method:
            difference = f"{100 * of_method['focus_higher_by']:+.0f} ({_interval(of_method['focus_higher_by_95'])})"
            mcnemar_or_signs = of_method.get("p", of_method["p_signs"])
            ps = [mcnemar_or_signs, *(of_method.get(name) for name in ("p_holm", "p_regret", "p_regret_holm"))]
            cells += [difference, *("" if p is None else f"{p:g}" for p in ps)]
        else:
            cells += [""] * (1 + len(DIFFERENCE))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def settings_text(rows: Sequence[Row], settings: Mapping[str, Mapping[str, Any]], focus: str = FOCUS) -> str:
    """Every setting as a line of a Markdown table, with the Fréchet distance of each method.

    Args:
        rows: one for each setting and method.
        settings: by number, as in the results.
        focus: the method whose decided tournaments are shown.
    """
    methods = list(dict.fromkeys(row["method"] for row in rows))
    value = {(row["setting"], row["method"]): row["frechet_distance"] for row in rows}
    heading = ["setting", "width, normalization, D steps, R1", "rates G, D", "β₁ G, D", *methods, "decided"]
    lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
    decided = {row["setting"]: row["decided"] / row["generations"] for row in rows if row["method"] == focus}
    for number in dict.fromkeys(row["setting"] for row in rows):
        of_setting = settings[str(number)]
        rates = (of_setting[f"{role}_learning_rate"] for role in ("generator", "discriminator"))
        betas = (of_setting[f"{role}_beta_1"] for role in ("generator", "discriminator"))
        cells = [str(number), of_setting["structure"].replace(" ", ", ")]
        cells += [", ".join(f"{rate:.1e}" for rate in rates), ", ".join(f"{beta:g}" for beta in betas)]
        cells += [_value(value[number, method]) for method in methods]
        cells.append(_percent(decided[number]) if number in decided else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _value(distance: float | None) -> str:
    return "not finite" if distance is None else f"{distance:.2f}" if distance < 10 else f"{distance:.0f}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.0f} %" if rate == 0 or rate >= 0.01 else f"{100 * rate:.1f} %"


def _interval(of: Sequence[float]) -> str:
    return f"{100 * of[0]:.0f} to {100 * of[1]:.0f}"


def main() -> None:
    """Prints the tables of result files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--focus", default=FOCUS, help="the method that the others are compared with")
    options = parser.parse_args()
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    rows = [row for report in reports for row in report["rows"]]
    methods = {row["method"] for row in rows}
    if options.focus not in methods:
        parser.error(f"--focus: {options.focus} is not among {', '.join(sorted(methods))}")
    if len({frozenset(row["setting"] for row in rows if row["method"] == method) for method in methods}) > 1:
        parser.error("the methods were run on different settings")
    print(methods_text(table(rows, options.focus), options.focus), end="\n\n")
    print(settings_text(rows, reports[0]["settings"], options.focus))


if __name__ == "__main__":
    main()
