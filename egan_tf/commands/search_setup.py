"""From the arguments of `egan-search` to the definition of a new study."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Collection, Iterator
from typing import Any

from egan_tf.commands.search_arguments import SearchArguments
from egan_tf.commands.train import Request, read_command_line
from egan_tf.search.default_space import default_space, refusal
from egan_tf.search.definition import SEED, Definition, checked_config, read_space_file
from egan_tf.search.engine import suggestions
from egan_tf.search.process import environment, failure, python_command
from egan_tf.search.space import Parameter, changes_of, check_fixed, format_drawn, own_values, parse_space
from egan_tf.search.study import first_trials
from egan_tf.training.config import Config, from_json
from egan_tf.training.reproduce import arguments_of
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.command_line import import_tensorflow_quietly
from egan_tf.utils.settings import Setting
from egan_tf.utils.user_code import import_code, references_in, untrusted

SUGGESTIONS = 3
CANDIDATES = 20
"""Suggestions among which a point is looked for whose settings fit together."""


def new_definition(options: SearchArguments) -> Definition:
    """The definition of a new study.

    Checks all that can be checked before a trial: the arguments, the space, the functions that it names, and by
    `egan-train --dry-run` the settings of a trial.

    Raises:
        InputError: something cannot work; nothing has been written.
    """
    request = read_command_line(options.train)
    problem = "cannot be chosen: the runs are in the study's folder; that is made in --studies-dir"
    require("runs_dir" not in request.typed, "runs_dir", problem)
    space = _given_space(options)
    check_fixed([Parameter((SEED,), "int")] if options.seeds else space, request.typed)
    typed = request.typed | {name for parameter in space if options.search for name in parameter.names}
    references = references_of(Definition(request.config, space))
    _check_trust(references, typed, options.trust_code)
    _import(request.config, references)
    config = checked_config(_resolved(options, request, space))
    if not space and not options.seeds:
        import_tensorflow_quietly()
        space = default_space(config, request.typed)
        require(bool(space), "search", "all settings that are searched by default are fixed; name others")
    return Definition(config, space, bool(options.seeds), options.sampler, options.pruning)


def references_of(definition: Definition) -> list[tuple[Setting, str]]:
    """The settings for which the study names code to import, each with its `module:function`."""
    found = references_in(definition.config)
    for parameter in definition.space:
        for choice in parameter.choices:
            chosen = definition.config.replace(**changes_of([parameter], {parameter.label: choice}))
            found += [(one, reference) for one, reference in references_in(chosen) if one.name in parameter.names]
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


def _check_trust(references: list[tuple[Setting, str]], typed: Collection[str], trusted: bool) -> None:
    for declared, reference in references:
        if declared.name not in typed and not trusted:
            raise untrusted(declared.name, reference)


def _import(config: Config, references: list[tuple[Setting, str]]) -> None:
    """Imports the functions of the space; those of the configuration are imported by the dry run."""
    of_space = [reference for reference in references if reference not in references_in(config)]
    if of_space:
        import_tensorflow_quietly()
        import_code(of_space)


def _resolved(options: SearchArguments, request: Request, space: tuple[Parameter, ...]) -> Config:
    """The configuration that `egan-train --dry-run` resolves, with the study's name and metric.

    Checked is a trial: the configuration with its own values, if trials can have them, or with values of the space. One
    that works is enough; trials whose values do not fit together end as refused.
    """
    extra = [] if request.config.run.name else ["--name", _name(request.config, bool(options.seeds))]
    if options.metric is not None:
        extra += _metric_flags(options.metric, request)
    refused: InputError | None = None
    for point in _points(request, space):
        laid = [argument for values in point.values() for one in values.items() for argument in arguments_of(*one)]
        try:
            return _without(point, _dry_run([*options.train, *extra, *laid]), request.config)
        except InputError as error:
            if refused is not None and str(error) == str(refused):
                break  # not because of the values
            refused = error
    assert refused is not None
    raise refused


def _points(request: Request, space: tuple[Parameter, ...]) -> Iterator[dict[str, dict[str, Any]]]:
    """Values of trials by section and name, the likeliest to work first; none for the configuration's own values."""
    config = request.config
    # The values of an automatic configuration depend on the data, and are not known yet.
    if not space or request.automatic or own_values(config, space) is not None:
        yield {}
    if space:
        import_tensorflow_quietly()
        points = [changes_of(space, drawn) for drawn in suggestions(Definition(config, space), [], CANDIDATES)]
        fitting = (point for point in points if not refusal(config.replace(**point)))
        yield from itertools.islice(itertools.chain(fitting, points), SUGGESTIONS)


def _without(point: dict[str, dict[str, Any]], resolved: Config, base: Config) -> Config:
    """A resolved configuration with its own values in place of those of a point."""
    own = {
        section: {name: getattr(getattr(base, section), name) for name in values} for section, values in point.items()
    }
    config = resolved.replace(**own)
    named = {reference for _, reference in references_in(config)}
    return config.replace(user_code={name: sha256 for name, sha256 in config.user_code.items() if name in named})


def _dry_run(arguments: list[str]) -> Config:
    """The configuration that `egan-train --dry-run` prints.

    Raises:
        InputError: it refuses the arguments.
    """
    command = python_command("egan_tf.commands.train", "--dry-run", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        refused = failure(done.stderr, done.returncode)
        field, _, problem = refused.partition(": ")
        raise InputError(*((field, problem) if problem else ("settings", f"egan-train --dry-run: {refused}")))
    return from_json(done.stdout)


def _name(config: Config, sweep: bool) -> str:
    return f"{config.name}-{'seeds' if sweep else 'search'}"


def _metric_flags(metric: str, request: Request) -> list[str]:
    """Flags that make runs record the metric and keep the checkpoint where it is best."""
    metrics = request.config.metrics.metrics
    if metric in metrics and (not request.automatic or "metrics" in request.typed):
        return ["--monitor", metric]
    named = ", ".join(metrics)
    require("metrics" not in request.typed or metric in metrics, "metric", f"must be one of {named}, or leave them out")
    others = () if request.automatic else metrics
    return ["--metrics", *others, metric, "--monitor", metric]
