"""Checkpoints are complete, written atomically, and pruned as configured."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from egan_tf import EGAN, InputError
from egan_tf.training.build import build
from egan_tf.training.checkpoint_scores import Score
from egan_tf.training.checkpoints import FORMAT, Checkpoints, DamagedError, read_manifest
from egan_tf.training.config import Config
from egan_tf.training.presets import preset
from egan_tf.utils.settings import sections_of, settings_of
from tests.evolution.networks import images, points

MEASURED = {"metric": "recall_pixels_2k", "n_fake": 2000, "seed": 0}
DATA = {points: (90, 2), images: (90, 8, 8, 1)}


def make(pair: object = points, population_size: int = 2) -> EGAN:
    keras.utils.set_random_seed(4)
    egan = EGAN(*pair(), mutations=("heuristic",), population_size=population_size, ema_decay=0.9)  # type: ignore[operator]
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    return egan


def evolve(egan: EGAN, pair: object = points) -> None:
    samples = np.tanh(np.random.default_rng(0).normal(size=DATA[pair])).astype("float32")  # type: ignore[index]
    egan.fit(samples, batch_size=10, verbose=0)


def state(egan: EGAN) -> list[np.ndarray]:
    variables = [*egan.variables, *egan.generator_optimizer.variables, *egan.discriminator_optimizer.variables]
    return [variable.numpy() for variable in variables]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("pair", [points, images])
def test_everything_comes_back(pair: object, tmp_path: Path) -> None:
    egan, other = make(pair), make(pair)
    evolve(egan, pair)
    egan.restarts.assign(1)
    Checkpoints(tmp_path, egan).save("abc", {"metrics.jsonl": 17}, Score(0.5, MEASURED))
    assert any(not np.array_equal(a, b) for a, b in zip(state(egan), state(other), strict=True))
    manifest, skipped = Checkpoints(tmp_path, other).restore()
    assert manifest is not None
    assert (manifest.generation, manifest.restarts, manifest.fingerprint, manifest.score) == (9, 1, "abc", 0.5)
    assert manifest.logs == {"metrics.jsonl": 17} and manifest.measurement == MEASURED
    assert skipped == []
    for a, b in zip(state(egan), state(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    egan = make()
    checkpoints = Checkpoints(tmp_path, egan, kept=2)
    for generation, score in ((1, 0.1), (2, 0.9), (3, 0.3), (4, None), (5, 0.2)):
        egan.generation.assign(generation)
        checkpoints.save("", {}, None if score is None else Score(score))
    assert names(tmp_path) == ["00000002", "00000004", "00000005"]


def test_after_a_restart_the_earlier_generation_is_the_newer(tmp_path: Path) -> None:
    egan = make()
    checkpoints = Checkpoints(tmp_path, egan)
    egan.generation.assign(9)
    checkpoints.save("", {})
    egan.generation.assign(4)
    egan.restarts.assign(1)
    checkpoints.save("", {})
    egan.generation.assign(0)
    manifest, _ = checkpoints.restore()
    assert manifest is not None
    assert (manifest.generation, int(egan.generation)) == (4, 4)
    assert names(tmp_path) == ["00000004-r1", "00000009"]


def test_a_checkpoint_of_another_model_is_not_read(tmp_path: Path) -> None:
    Checkpoints(tmp_path, make()).save("", {})
    with pytest.raises(InputError, match="^run: none of its checkpoints can be read: .*another model"):
        Checkpoints(tmp_path, make(population_size=3)).restore()


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none", make()).restore() == (None, [])


@pytest.mark.parametrize(
    "change",
    [
        {"logs": []},
        {"logs": {"../x": 1}},
        {"logs": {"x": "1"}},
        {"files": {}},
        {"files": {"state.index": "0", "../x": "0"}},
        {"files": {"state.index": "0", "/x": "0"}},
        {"restarts": None},
        {"measurement": []},
    ],
    ids=str,
)
def test_a_manifest_with_one_wrong_value_is_none(change: dict[str, object], tmp_path: Path) -> None:
    good = {"generation": 1, "restarts": 0, "fingerprint": "", "logs": {"x": 1}, "score": None}
    whole = {**good, "files": {"state.index": hashlib.sha256(b"").hexdigest()}, "format": FORMAT}
    (tmp_path / "state.index").write_bytes(b"")
    (tmp_path / "manifest.json").write_text(json.dumps(whole))
    assert read_manifest(tmp_path).generation == 1
    (tmp_path / "manifest.json").write_text(json.dumps({**whole, **change}))
    with pytest.raises(DamagedError, match="manifest.json (is not a manifest|cannot be read)"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 10_000,
        '{"generation": "1", "restarts": 0, "fingerprint": "", "logs": {}, "score": null, "files": {"state.index": 0}}',
    ],
)
def test_a_manifest_may_be_anything(manifest: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(DamagedError):
        read_manifest(tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_no_flipped_bit_goes_unnoticed(seed: int, tmp_path: Path) -> None:
    egan = make()
    Checkpoints(tmp_path, egan).save("", {})
    place = tmp_path / "00000000"
    random = np.random.default_rng(seed)
    for file in ("state.index", "state.data-00000-of-00001"):
        content = (place / file).read_bytes()
        for _ in range(50):
            damaged = bytearray(content)
            damaged[random.integers(len(content))] ^= 1 << int(random.integers(8))
            (place / file).write_bytes(damaged)
            with pytest.raises(DamagedError, match=file):
                read_manifest(place)
        (place / file).write_bytes(content)
    read_manifest(place)


def test_a_full_disk_harms_no_other_checkpoint(disk: Path) -> None:
    egan = make()
    checkpoints = Checkpoints(disk / "checkpoints", egan)
    checkpoints.save("", {})
    before = state(egan)
    with (disk / "filling").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(512))
    evolve(egan)
    with pytest.raises(OSError, match="No space|cannot be written"):
        checkpoints.save("", {})
    assert names(disk / "checkpoints") == ["00000000"]
    checkpoints.restore()
    for a, b in zip(state(egan), before, strict=True):
        np.testing.assert_array_equal(a, b)
    (disk / "filling").unlink()
    evolve(egan)
    checkpoints.save("", {})
    assert names(disk / "checkpoints") == ["00000000", "00000009"]


@pytest.mark.parametrize("written", [None, 1, FORMAT + 1])
def test_a_checkpoint_of_another_version_is_refused_as_such(tmp_path: Path, written: int | None) -> None:
    model = make()
    checkpoints = Checkpoints(tmp_path, model)
    checkpoints.save("data", {})
    (place,) = tmp_path.iterdir()
    manifest = json.loads((place / "manifest.json").read_text())
    del manifest["format"]
    (place / "manifest.json").write_text(json.dumps(manifest | ({} if written is None else {"format": written})))
    with pytest.raises(InputError, match="^run: checkpoint 00000000 was written by another version"):
        checkpoints.restore()


CHANGED = {
    "evolution": {
        "crossover_steps": 2,
        "fitness": "balanced",
        "gamma": 0.5,
        "gradient_penalty_weight": 0.5,
        "penalty_every": 4,
        "r1_weight": 0.5,
        "r2_weight": 0.5,
    },
    "optimizer": {
        "beta_2": 0.9,
        "discriminator_beta_1": 0.1,
        "discriminator_learning_rate": 0.1,
        "epsilon": 0.1,
        "final_learning_rate_fraction": 1.0,
        "generator_beta_1": 0.1,
        "generator_learning_rate": 0.1,
        "initial_beta_2": 0.5,
    },
}
"""Another value for each setting of these sections that a resumed run may change."""


@pytest.mark.parametrize("slots", ["objective", "lineage"])
def test_a_setting_that_may_change_changes_no_state(slots: str) -> None:
    """Otherwise no checkpoint of the run could be read."""
    changeable = {
        section: {name for name, declared in settings_of(sections_of(Config)[section]).items() if declared.changeable}
        for section in CHANGED
    }
    assert changeable == {section: set(values) for section, values in CHANGED.items()}
    crossover = {} if slots == "objective" else {"operators": ("mutation", "crossover"), "tournaments": "always"}
    evolution = {"slots": slots, "burn_in": 5, "ema_decay": 0.9, "initial_ema_decay": 0.5, **crossover}
    base = preset("ring8").replace(evolution=evolution, network={"width": 8})
    others = {
        section: {name: value for name, value in values.items() if crossover or name != "crossover_steps"}
        for section, values in CHANGED.items()
    }
    assert all(
        getattr(getattr(base, section), name) != others[section][name] for section in others for name in others[section]
    )
    # One by one only those that change the kind of an optimizer or of its learning rate.
    alone = [
        {"optimizer": {name: others["optimizer"][name]}} for name in ("initial_beta_2", "final_learning_rate_fraction")
    ]
    expected = shapes(base)
    assert [shapes(base.replace(**changed)) == expected for changed in (others, *alone)] == [True] * 3


def shapes(config: Config) -> list[tuple[int, ...]]:
    keras.backend.clear_session()
    return [value.shape for value in state(build(config, (2,)))]
