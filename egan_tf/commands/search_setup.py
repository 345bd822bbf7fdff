"""From the arguments of `egan-search` to the definition of a new study."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator

from egan_tf.commands.search_arguments import SearchArguments
from egan_tf.commands.train import Request, read_command_line
from egan_tf.search.default_space import default_space
from egan_tf.search.definition import SEED, Definition, checked_config, read_space_file
from egan_tf.search.engine import suggestions
from egan_tf.search.process import environment, last_line, python_command
from egan_tf.search.space import Parameter, changes_of, check_fixed, format_drawn, parse_space
from egan_tf.search.study import first_trials
from egan_tf.training.config import Config, from_json
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.user_code import references_in, untrusted

SUGGESTIONS = 3


def new_definition(options: SearchArguments) -> Definition:
    """The definition of a new study.

    Checks all that can be checked before a trial: the arguments, the space, and by `egan-train --dry-run` the settings
    that all trials have in common.

    Raises:
        InputError: something cannot work; nothing has been written.
    """
    request = read_command_line(options.train)
    problem = "cannot be chosen: the runs are in the study's folder; that is made in --studies-dir"
    require("runs_dir" not in request.typed, "runs_dir", problem)
    space = _given_space(options)
    check_fixed([Parameter((SEED,), "int")] if options.seeds else space, request.typed)
    typed = request.typed | {name for parameter in space if options.search for name in parameter.names}
    _check_trust(references_of(Definition(request.config, space)), typed, options.trust_code)
    config = checked_config(_resolved(options, request))
    if not space and not options.seeds:
        space = tuple(one for one in default_space(config) if request.typed.isdisjoint(one.names))
        require(bool(space), "search", "all settings that are searched by default are fixed; name others")
    return Definition(config, space, bool(options.seeds), options.sampler, options.pruning)


def references_of(definition: Definition) -> list[tuple[str, str]]:
    """The settings for which the study names code to import, each with its `module:function`."""
    found = [(declared.name, reference) for declared, reference in references_in(definition.config)]
    for parameter in definition.space:
        for choice in parameter.choices:
            chosen = definition.config.replace(**changes_of([parameter], {parameter.label: choice}))
            found += [(one.name, reference) for one, reference in references_in(chosen) if one.name in parameter.names]
    return found


def preview(definition: Definition, seeds: list[int]) -> Iterator[str]:
    """What `--dry-run` prints: the space, how trials are judged, and the first suggestions."""
    config = definition.config
    better = "higher" if definition.higher_is_better else "lower"
    yield f"study: {config.name}, {config.run.steps:,} generations a trial"
    yield f"metric: {definition.metric}, {better} is better, every {config.metrics.evaluate_every:,} generations"
    if definition.sweep:
        yield f"seeds: {' '.join(map(str, seeds))}"
        return
    rungs = ", ".join(f"{rung:,}" for rung in definition.rungs)
    yield f"pruning: {f'at generations {rungs}' if rungs else 'none'}"
    yield "space:"
    yield from (f"  {parameter.label}={parameter.text}" for parameter in definition.space)
    yield "first trials, if none had a result yet:"
    for drawn in suggestions(definition, first_trials(definition), SUGGESTIONS):
        yield "  " + "  ".join(f"{label}={format_drawn(value)}" for label, value in drawn.items())


def _given_space(options: SearchArguments) -> tuple[Parameter, ...]:
    if options.space is not None:
        return read_space_file(options.space)
    return parse_space(options.search)


def _check_trust(references: list[tuple[str, str]], typed: Collection[str], trusted: bool) -> None:
    for name, reference in references:
        if name not in typed and not trusted:
            raise untrusted(name, reference)


def _resolved(options: SearchArguments, request: Request) -> Config:
    """The configuration that `egan-train --dry-run` resolves and checks, with the study's name and metric."""
    extra = [] if request.config.run.name else ["--name", _name(request.config, bool(options.seeds))]
    if options.metric is not None:
        extra += _metric_flags(options.metric, request)
    command = python_command("egan_tf.commands.train", "--dry-run", *options.train, *extra)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        refused = last_line(done.stderr).partition("error: ")[2]
        field, _, problem = refused.partition(": ")
        raise InputError(field or "settings", problem or f"egan-train ended with status {done.returncode}")
    return from_json(done.stdout)


def _name(config: Config, sweep: bool) -> str:
    return f"{config.name}-{'seeds' if sweep else 'search'}"


def _metric_flags(metric: str, request: Request) -> list[str]:
    """Flags that make runs record the metric and keep the checkpoint where it is best."""
    metrics = request.config.metrics.metrics
    if metric in metrics and not request.automatic:
        return ["--monitor", metric]
    named = ", ".join(metrics)
    require("metrics" not in request.typed or metric in metrics, "metric", f"must be one of {named}, or leave them out")
    others = () if request.automatic else metrics
    return ["--metrics", *others, metric, "--monitor", metric]
