"""A folder of mixed pictures, from one command to a report and an exported generator; what is left out is named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from egan_tf import InputError, Sampler, data

ROOT = Path(__file__).parents[2]
SKIPPED = ("truncated.png", "words.png")


def emojis(count: int, data_dir: Path) -> Iterator[PIL.Image.Image]:
    try:
        found = data.load("emoji", data_dir, channels=4, resolution=64)
    except InputError as error:
        pytest.skip(str(error))
    assert isinstance(found, data.ImageDataset)
    for index in range(count):
        yield PIL.Image.fromarray(found.images[index % len(found.images)])


def save(image: PIL.Image.Image, kind: int, stem: Path) -> None:
    """Saves a picture of RGBA in one of ten forms."""
    white = PIL.Image.alpha_composite(PIL.Image.new("RGBA", image.size, "white"), image).convert("RGB")
    grey = white.convert("L")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    forms = [
        lambda: image.save(stem.with_suffix(".png")),
        lambda: white.save(stem.with_suffix(".jpg"), quality=90),
        lambda: white.save(stem.with_suffix(".webp"), quality=90),
        lambda: grey.save(stem.with_suffix(".png")),
        lambda: image.convert("LA").save(stem.with_suffix(".png")),
        lambda: image.quantize(63).save(stem.with_suffix(".png"), transparency=0),
        lambda: white.convert("CMYK").save(stem.with_suffix(".jpeg")),
        lambda: white.rotate(90, expand=True).save(stem.with_suffix(".JPG"), exif=exif),
        lambda: PIL.Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(stem.with_suffix(".png")),
        lambda: white.convert("1").save(stem.with_suffix(".png")),
    ]
    forms[kind % len(forms)]()


def make_folder(folder: Path, count: int) -> None:
    random = np.random.default_rng(0)
    folder.mkdir()
    for index, image in enumerate(emojis(count, folder.parent / "emoji")):
        height, width = random.integers(40, 120, 2).tolist()
        save(image.resize((width, height)), index, folder / f"{index:05d}")
    whole = (folder / "00000.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "words.png").write_text("These are words.")
    (folder / "notes.txt").write_text("So are these.")


@pytest.mark.slow
@pytest.mark.parametrize(("count", "steps"), [(60, 2), (2000, 30)], ids=["60", "2000"])
def test_one_command_takes_it_to_a_report_and_a_generator(count: int, steps: int, tmp_path: Path) -> None:
    make_folder(tmp_path / "mixed", count)
    flags = ["--dataset", f"folder:{tmp_path / 'mixed'}", "--steps", str(steps), "--resolution", "32", "--width", "4"]
    fast = ["--batch-size", "8", "--evaluate-every", str(steps), "--evaluation-samples", "20"]
    fast += ["--mutations", "heuristic", "--tournaments", "always"]
    folders = [f"--{name}={tmp_path / name}" for name in ("runs-dir", "models-dir", "data-dir")]
    command = [sys.executable, str(ROOT / "train_tf.py"), *flags, *fast, *folders]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    for name in SKIPPED:
        assert name in ran.stderr
    assert (tmp_path / "runs-dir" / "001-mixed" / "report.html").exists()
    model = tmp_path / "models-dir" / "mixed"
    assert Sampler(model).sample(3).shape == (3, 32, 32, 3)
    card = json.loads((model / "card.json").read_text())
    assert card["data"]["name"] == "mixed" and card["data"]["left_out"] == len(SKIPPED)
    assert card["data"]["shape"] == [32, 32, 3] and f"{count:,} images of 32x32x3" in card["data"]["description"]
    published = "".join(path.read_text(errors="ignore") for path in model.rglob("*") if path.suffix in (".json", ".md"))
    assert str(tmp_path) not in published and "truncated.png" not in published

    strict = subprocess.run([*command, "--strict", "--overwrite"], capture_output=True, text=True, check=False)
    line = strict.stderr.strip().splitlines()[-1]
    assert strict.returncode == 2 and "error: dataset: mixed: 2 pictures cannot be used" in line
    assert any(name in line for name in SKIPPED)
