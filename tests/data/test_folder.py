from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from egan_tf.data import ImageDataset, check_available, load
from egan_tf.data.folder import load as load_folder
from egan_tf.data.picture_source import Survey
from egan_tf.data.resolution import networks_make, suitable_side
from egan_tf.utils.checks import InputError
from tests.data.pictures import bomb, encoded, noise, save


def of(tmp_path, folder: str = "pics", **options) -> ImageDataset:
    return load(f"folder:{tmp_path / folder}", tmp_path / "data", **options)


def filled(tmp_path, names=("a.png", "b.png", "c.png"), shape=(8, 8, 3)):
    for seed, name in enumerate(names):
        save(tmp_path / "pics" / name, noise(*shape, seed=seed))
    return tmp_path / "pics"


def test_equal_square_pictures_are_kept_as_they_are(tmp_path):
    filled(tmp_path)
    dataset = of(tmp_path)
    assert np.array_equal(dataset.images, np.stack([noise(8, 8, seed=seed) for seed in range(3)]))
    assert dataset.labels is None and dataset.name == "pics" and dataset.skipped == ()
    assert dataset.origin == f"folder:{tmp_path / 'pics'}"


def test_subfolders_are_classes_at_any_depth(tmp_path):
    filled(tmp_path, ["dog/2.png", "cat/deep/er/1.png", "dog/1.jpg", "cat/.hidden/3.png", "__MACOSX/cat/._1.png"])
    dataset = of(tmp_path)
    assert dataset.class_names == ("cat", "dog") and dataset.labels.tolist() == [0, 1, 1]


def test_pictures_beside_subfolders_have_no_classes(tmp_path, capsys):
    filled(tmp_path, ["1.png", "cat/1.png", "dog/1.png"])
    assert of(tmp_path).labels is None
    assert "so there are no classes" in capsys.readouterr().err


def test_files_that_are_not_read_make_no_class(tmp_path, capsys):
    folder = filled(tmp_path, ["cat/1.png", "dog/1.png"])
    (folder / "notes").mkdir()
    for name in ("notes/plan.svg", "preview.gif", "notes/empty.png"):
        (folder / name).write_bytes(b"")
    dataset = of(tmp_path)
    assert dataset.class_names == ("cat", "dog") and dataset.labels.tolist() == [0, 1]
    assert len(dataset.skipped) == 3 and "no classes" not in capsys.readouterr().err


def test_a_single_subfolder_is_no_class(tmp_path):
    filled(tmp_path, ["all/1.png", "all/2.png"])
    assert of(tmp_path).labels is None


def test_the_order_depends_on_the_names_only(tmp_path):
    names = ["b.png", "B.png", "a/1.png", "a.png", "ä.png", "10.png", "9.png", "a b.png"]
    expected = sorted(names, key=os.fsencode)
    for seed in range(3):
        shuffled = random.Random(seed).sample(names, len(names))
        for name in shuffled:
            save(tmp_path / str(seed) / name, noise(8, 8, seed=names.index(name)))
        images = of(tmp_path, str(seed)).images
        assert np.array_equal(images, np.stack([noise(8, 8, seed=names.index(name)) for name in expected]))


def test_names_of_any_bytes(tmp_path, capsys):
    folder = filled(tmp_path, ["two\nlines.png"])
    odd = os.fsencode(folder) + b"/\xff\xfe.png"
    with open(odd, "wb") as file:
        file.write(encoded(PIL.Image.fromarray(noise(8, 8)), "PNG"))
    with open(os.fsencode(folder) + b"/\xff\nbad.png", "wb") as file:
        file.write(b"bad")
    assert len(of(tmp_path).images) == 2 and len(of(tmp_path).skipped) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "udcff" in line]
    assert lines and all(r"'\udcff\nbad.png'" in line for line in lines)


def test_odd_files_are_named_and_counted(tmp_path, capsys):
    folder = filled(tmp_path)
    good = encoded(PIL.Image.fromarray(noise(8, 8)), "PNG")
    for name, content in {
        "bomb.png": bomb(),
        "cut.png": good[:-40],
        "empty.png": b"",
        "text.png": b"hello",
        "x.gif": encoded(PIL.Image.new("L", (8, 8)), "GIF"),
        "x.tiff": b"",
        "notes.txt": b"hello",
        "more.csv": b"hello",
    }.items():
        (folder / name).write_bytes(content)
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    os.mkfifo(folder / "pipe.png")
    dataset = of(tmp_path)
    printed = capsys.readouterr().err
    skipped = dict(dataset.skipped)
    assert len(dataset.images) == 3 and len(skipped) == 8
    assert {name: skipped[name] for name in ("empty.png", "gone.png", "pipe.png", "x.gif")} == {
        "empty.png": "is empty",
        "gone.png": "is a broken link",
        "pipe.png": "is no regular file",
        "x.gif": "only PNG, JPEG and WebP are read",
    }
    assert all(f"- '{name}': {reason}" in printed for name, reason in skipped.items())
    assert "left out 8 of 11 pictures" in printed and "2 files are no pictures" in printed
    assert dataset.facts()["left_out"] == 8 and "8 of 11" in dataset.about.description

    of(tmp_path)
    (again,) = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert "8 of 11" in again and "'bomb.png'" in again
    for _ in range(2):
        with pytest.raises(InputError, match="^dataset: pics: 8 pictures cannot be used; the first is 'bomb.png'"):
            of(tmp_path, strict=True)


def test_ten_names_at_most_are_printed(tmp_path, capsys):
    folder = filled(tmp_path)
    for index in range(30):
        (folder / f"bad{index}.png").write_bytes(b"bad")
    of(tmp_path)
    assert capsys.readouterr().err.count("- 'bad") == 10


def test_a_card_names_no_file_and_no_path(tmp_path):
    filled(tmp_path, ["secret/1.png", "other/1.png"])
    (tmp_path / "pics" / "secret" / "bad.png").write_bytes(b"bad")
    facts = str(of(tmp_path).facts())
    assert "secret" not in facts and "bad.png" not in facts and str(tmp_path) not in facts


def test_the_content_decides_not_the_name(tmp_path):
    folder = filled(tmp_path)
    (folder / "z.png").write_bytes(encoded(PIL.Image.fromarray(noise(8, 8)), "JPEG"))
    assert len(of(tmp_path).images) == 4


def test_links_are_followed_without_going_in_circles(tmp_path):
    folder = filled(tmp_path, ["cat/1.png"])
    save(tmp_path / "elsewhere" / "2.png", noise(8, 8))
    (folder / "cat" / "again").symlink_to(folder)
    (folder / "cat" / "3.png").symlink_to(tmp_path / "elsewhere" / "2.png")
    (folder / "dog").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder / "loop")
    dataset = of(tmp_path)
    assert dataset.class_names == ("cat", "dog") and dataset.labels.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "make, problem",
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_bytes(b""), "is no folder"),
        (lambda path: path.mkdir(), "holds no pictures"),
        (lambda path: save(path / "x.bmp", noise(4, 4)), "holds no pictures"),
        (lambda path: save(path / ".hidden" / "x.png", noise(4, 4)), "holds no pictures"),
        (os.mkfifo, "is no folder"),
    ],
)
def test_what_is_no_folder_of_pictures_is_refused(tmp_path, make, problem):
    make(tmp_path / "pics")
    for refuse in (lambda: of(tmp_path), lambda: check_available(f"folder:{tmp_path / 'pics'}", tmp_path)):
        with pytest.raises(InputError, match=f"^dataset: .*pics.*{problem}; expected a folder with PNG"):
            refuse()


def test_only_unusable_pictures_are_refused(tmp_path):
    (tmp_path / "pics").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "pics" / name).write_bytes(b"bad")
    with pytest.raises(InputError, match="none of 2 pictures can be used; the first is 'a.png': is no PNG"):
        of(tmp_path)
    with pytest.raises(InputError, match="none of 2 pictures can be used"):
        of(tmp_path, resolution=8, channels=3)
    assert not list((tmp_path / "data" / "decoded").iterdir())


def test_there_is_no_test_split(tmp_path):
    filled(tmp_path)
    with pytest.raises(InputError, match="^split: "):
        load(f"folder:{tmp_path / 'pics'}", tmp_path, "test")


@pytest.mark.parametrize(
    "modes, channels",
    [
        (["L", "1", "I;16"], 1),
        (["L", "LA"], 3),
        (["L", "RGB"], 3),
        (["RGBA", "RGB"], 3),
        (["RGBA", "LA"], 4),
        (["P"], 3),
    ],
)
def test_channels_follow_from_the_pictures(tmp_path, modes, channels):
    (tmp_path / "pics").mkdir()
    for index, mode in enumerate(modes):
        PIL.Image.new(mode, (8, 8)).save(tmp_path / "pics" / f"{index}.png")
    source = load_folder(str(tmp_path / "pics"), tmp_path)
    assert source.survey() == Survey((8, 8), 8, channels)
    assert of(tmp_path).shape == (8, 8, channels)


@pytest.mark.parametrize(
    "sides, typical, expected",
    [
        ((28, 28), 28, 28),
        ((128, 128), 128, 128),
        ((100, 100), 100, 64),
        ((256, 256), 256, 64),
        ((64, 96), 64, 64),
        (None, 90, 64),
        (None, 63, 32),
        (None, 9, 8),
        (None, 1, 8),
        ((4, 4), 4, 8),
    ],
)
def test_the_side_suits_pictures_and_networks(sides, typical, expected):
    assert suitable_side(Survey(sides, typical, 3)) == expected


def test_the_networks_make_the_sides_that_are_taken_for_possible():
    from egan_tf.networks.dcgan import stage_count

    def makes(side: int) -> bool:
        try:
            return stage_count((side, side, 3)) >= 2
        except InputError:
            return False

    assert [side for side in range(1, 300) if networks_make(side)] == [side for side in range(1, 300) if makes(side)]


@pytest.mark.parametrize("shape, line", [((8, 12, 3), "all 12 x 8"), ((160, 160, 3), "--resolution 128 is possible")])
def test_a_changed_shape_is_said(tmp_path, capsys, shape, line):
    filled(tmp_path, shape=shape)
    assert len(set(of(tmp_path).shape[:2])) == 1
    assert line in capsys.readouterr().err


def test_resolution_and_channels_are_obeyed(tmp_path):
    filled(tmp_path)
    assert of(tmp_path, resolution=20, channels=4).shape == (20, 20, 4)


def test_loading_needs_no_tensorflow(tmp_path):
    filled(tmp_path)
    code = (
        f"import sys; from egan_tf.data import load; load('folder:{tmp_path / 'pics'}', {str(tmp_path / 'data')!r});"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
