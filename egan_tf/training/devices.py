"""The devices of a run: from its settings, and from TF_CONFIG, to a strategy of tf.distribute."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from typing import Any

import tensorflow as tf

from egan_tf.training.config_groups import DEVICE_PATTERN, RunConfig
from egan_tf.utils.checks import require

CLUSTER = "TF_CONFIG"
_DEVICE = re.compile(DEVICE_PATTERN)


def strategy_of(run: RunConfig) -> tf.distribute.Strategy | None:
    """The strategy that a run's networks are made in; None for one device without any.

    It has to be called before TensorFlow computes anything, as several devices on one CPU, and several machines, are
    set up when TensorFlow starts. Further calls return the same object.

    Args:
        run: its `devices` and `strategy`; see their help.

    Raises:
        InputError: there are no such devices, or TF_CONFIG does not fit.
    """
    return _strategy(run.devices, run.strategy, os.environ.get(CLUSTER, ""))


def scope_of(strategy: tf.distribute.Strategy | None) -> contextlib.AbstractContextManager[Any]:
    """The scope of a strategy, if there is one."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def replicas_of(strategy: tf.distribute.Strategy | None) -> int:
    """The number of replicas, 1 without a strategy."""
    return 1 if strategy is None else int(strategy.num_replicas_in_sync)


@functools.cache  # two strategies on the same devices would disturb each other
def _strategy(devices: tuple[str, ...], kind: str, cluster: str) -> tf.distribute.Strategy | None:
    workers = _workers(cluster)
    if kind == "auto":
        several = devices == ("all",) and len(tf.config.list_physical_devices("GPU")) > 1
        one = "one" if _DEVICE.fullmatch(devices[0]) else ""
        kind = "multiworker" if workers > 1 else "mirrored" if several or len(devices) > 1 else one
    if not kind:
        return None
    if kind == "multiworker":
        require(workers > 0, "strategy", f"multiworker needs {CLUSTER} in the environment of every worker")
        require(len(devices) == 1 and not _DEVICE.fullmatch(devices[0]), "devices", _LOCAL)
        return tf.distribute.MultiWorkerMirroredStrategy()
    names = _names(devices, first_only=kind == "one")
    return tf.distribute.OneDeviceStrategy(names[0]) if kind == "one" else tf.distribute.MirroredStrategy(names)


_ONE = "must be a single one with the strategy one"
_LOCAL = "cannot be named for several machines: each worker takes all GPUs that CUDA_VISIBLE_DEVICES leaves it"


def _workers(cluster: str) -> int:
    """The number of workers in TF_CONFIG, 0 if it is not set."""
    if not cluster:
        return 0
    try:
        values = json.loads(cluster)
        jobs, kind, index = values["cluster"], values["task"]["type"], int(values["task"]["index"])
        lists = all(isinstance(job, list) and all(isinstance(place, str) for place in job) for job in jobs.values())
        valid = lists and kind in jobs and 0 <= index < len(jobs[kind]) and not set(jobs) - {"chief", "worker"}
        count = sum(map(len, jobs.values()))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        valid, count = False, 0
    form = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'
    require(valid, CLUSTER, f"must be {form}, with an index of its own for every worker")
    return count


def _names(devices: tuple[str, ...], first_only: bool) -> list[str]:
    """The named devices; virtual ones are made of the CPU if several of it are named.

    Raises:
        InputError: there are no such devices.
    """
    if not _DEVICE.fullmatch(devices[0]):
        found = [f"GPU:{rank}" for rank in range(len(tf.config.list_physical_devices("GPU")))] or ["CPU:0"]
        require(not (first_only and devices == ("all",) and len(found) > 1), "devices", f"{_ONE}; all are {len(found)}")
        return found[:1] if first_only or devices == ("1",) else found
    require(len(set(devices)) == len(devices), "devices", f"names one twice: {' '.join(devices)}")
    require(not first_only or len(devices) == 1, "devices", _ONE)
    kinds = {name.partition(":")[0] for name in devices}
    require(len(kinds) == 1, "devices", f"must be of one kind, got {' '.join(devices)}")
    wanted, kind = 1 + max(int(name.partition(":")[2]) for name in devices), kinds.pop()
    if kind == "CPU" and wanted > 1:
        _divide_cpu(wanted)
    count = len(tf.config.list_logical_devices(kind))
    there = f"there are {count}: {kind}:0 to {kind}:{count - 1}" if count else f"there is no {kind}"
    require(wanted <= count, "devices", f"{kind}:{wanted - 1} does not exist; {there}")
    return list(devices)


def _divide_cpu(count: int) -> None:
    """Makes several devices of the CPU, which compute at the same time on its cores; for trials."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    with contextlib.suppress(RuntimeError):  # after TensorFlow has started, the number stays
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
