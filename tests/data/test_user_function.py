from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from egan_tf.data import About, Dataset, GaussianMixture, PictureSource, Stored, Survey, check_available, load
from egan_tf.data.array_checks import MAX_CLASSES
from egan_tf.data.images import ImageDataset
from egan_tf.data.options import ImageOptions
from egan_tf.data.user_function import function_name
from egan_tf.sampling import spec
from egan_tf.utils.checks import InputError
from egan_tf.utils.reference import is_reference

IMAGES = np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4, 1)
LABELS = np.array([0, 1, 2, 0, 1, 2])


class Colours(PictureSource):
    name, split, about, class_names, key = "colours", "train", About("Colours."), (), {"count": 3}

    def __len__(self) -> int:
        return 3

    def survey(self) -> Survey:
        return Survey((8, 8), 8, 3)

    def __iter__(self) -> Iterator[Stored]:
        for index in range(3):
            yield Stored(str(index), lambda i=index: PIL.Image.new("RGB", (8, 8), (i, i, i)))


def _raise(error: Exception) -> Any:
    raise error


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "decoding fails": ({"decode": lambda: _raise(ValueError("bad\nheader"))}, "p1 cannot be decoded: ValueError: bad"),
    "an array": ({"decode": lambda: np.zeros((8, 8, 3), np.uint8)}, "p1 was decoded to ndarray, expected a picture"),
    "nothing": ({"decode": lambda: None}, "p1 was decoded to NoneType, expected a picture"),
    "no label": ({"label": None}, "p1 has the label None, expected 0 to 1"),
    "a label too high": ({"label": 2}, "p1 has the label 2, expected 0 to 1"),
    "a label of text": ({"label": "a"}, "p1 has the label 'a', expected 0 to 1"),
    "a shorter length": ({"__len__": lambda self: 1}, "holds more pictures than its length, 1"),
    "listing fails": ({"__iter__": lambda self: _raise(OSError("gone"))}, "cannot be listed: OSError: gone"),
    "no pictures": ({"__iter__": lambda self: iter([1, 2, 3])}, "yields 1, no Stored"),
    "surveying fails": ({"survey": lambda self: _raise(KeyError("size"))}, r"survey\(\) failed: KeyError: 'size'"),
    "no survey": ({"survey": lambda self: None}, r"survey\(\) failed: "),
    "no key": ({"key": None}, "its key is no mapping of JSON values: TypeError"),
    "a key of bytes": ({"key": {"a": b"a"}}, "its key is no mapping of JSON values: TypeError"),
}


def broken(changes: dict[str, Any]) -> PictureSource:
    """Three pictures in two classes, with some attributes and methods, or the decoding or label of p1, replaced."""

    def pictures(self: PictureSource) -> Iterator[Stored]:
        for index in range(3):
            good = {"decode": lambda: PIL.Image.new("RGB", (8, 8)), "label": index % 2}
            yield Stored(
                f"p{index}", **{name: changes.get(name, good[name]) if index == 1 else good[name] for name in good}
            )

    members = {"class_names": ("a", "b"), "__iter__": pictures, **changes}
    return type("Broken", (Colours,), members)()


def returning(value: Any) -> Callable[[], Any]:
    def mine() -> Any:
        return value

    return mine


@pytest.mark.parametrize(
    ("value", "labels", "names"),
    [
        (IMAGES, None, ()),
        ((IMAGES,), None, ()),
        ((IMAGES, None), None, ()),
        ((IMAGES, LABELS), LABELS, ("0", "1", "2")),
        ([IMAGES, LABELS], LABELS, ("0", "1", "2")),
        ((IMAGES, LABELS, ["a", "b", "c", "d"]), LABELS, ("a", "b", "c", "d")),
        ((IMAGES, LABELS.astype(np.uint8), ("a", "b", "c")), LABELS, ("a", "b", "c")),
        ((IMAGES, None, None), None, ()),
    ],
)
def test_arrays(value: Any, labels: np.ndarray | None, names: tuple[str, ...], tmp_path: Path) -> None:
    dataset = load(returning(value), tmp_path)
    assert np.array_equal(dataset.images, IMAGES) and dataset.class_names == names
    assert np.array_equal(dataset.labels, labels) if labels is not None else dataset.labels is None
    assert dataset.about.description.startswith("6 images of 4 x 4 x 1")
    assert str(tmp_path) not in str(dataset.facts())


def test_a_dataset_stays_as_it_is_and_a_source_is_decoded(tmp_path: Path) -> None:
    ring: Dataset = GaussianMixture("mine", [[0.0, 0.0]], 1.0)
    assert load(returning(ring), tmp_path) is ring
    dataset = load(returning(Colours()), tmp_path)
    assert dataset.name == "colours" and np.array_equal(dataset.images[:, 0, 0, 0], [0, 1, 2])


def test_its_dataset_may_be_mirrored(tmp_path: Path) -> None:
    made = ImageDataset("mine", IMAGES, options=ImageOptions(flip=True))
    assert load(returning(made), tmp_path).options.flip and load(returning(made), tmp_path).options.strict is False
    assert (
        not load(returning(IMAGES), tmp_path).options.flip and load(returning(IMAGES), tmp_path, flip=True).options.flip
    )


@pytest.mark.parametrize("channels", [np.int64(1), np.uint8(1)])
def test_options_may_be_numbers_of_numpy(channels: Any, tmp_path: Path) -> None:
    dataset = load(returning(IMAGES), tmp_path, resolution=np.int64(8), channels=channels, memory_mb=np.float32(512))
    assert dataset.shape == (8, 8, 1)


@pytest.mark.parametrize(("name", "value"), [("channels", 3.0), ("channels", True), ("resolution", 8.0)])
def test_options_of_another_type_are_one_line(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{name}: must be"):
        load(returning(IMAGES), tmp_path, **{name: value})


def test_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    assert load(returning(IMAGES), tmp_path).fingerprint == load(returning((IMAGES, None)), tmp_path).fingerprint
    assert load(returning(IMAGES), tmp_path).fingerprint != load(returning(IMAGES + 1), tmp_path).fingerprint


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: None, set()),
        (lambda data_dir: {"data_dir": data_dir}, {"data_dir"}),
        (lambda split: {"split": split}, {"split"}),
        (lambda data_dir, split: {"data_dir": data_dir, "split": split}, {"data_dir", "split"}),
        (lambda *, split, size=3: {"split": split}, {"split"}),
        (lambda **given: given, {"data_dir", "split"}),
        (functools.partial(lambda size, split: {"split": split}, 3), {"split"}),
    ],
)
def test_it_is_called_with_the_keywords_that_it_has(
    function: Callable[..., Any], expected: set[str], tmp_path: Path
) -> None:
    called: list[dict[str, Any]] = []

    @functools.wraps(function)
    def recorded(*args: Any, **keywords: Any) -> np.ndarray:
        assert not args
        function(**keywords)
        called.append(keywords)
        return IMAGES

    load(recorded, str(tmp_path), split="test" if "split" in expected else "train")
    assert set(called[0]) == expected
    assert called[0].get("data_dir", tmp_path) == tmp_path and called[0].get("split", "test") == "test"


@pytest.mark.parametrize(
    ("function", "field", "problem"),
    [
        (returning(None), "dataset", "must return .*got NoneType"),
        (returning([]), "dataset", "must return .*got list"),
        (returning((IMAGES, LABELS, (), 1)), "dataset", r"must return .*got \(ndarray, ndarray, tuple, int\)"),
        (returning((LABELS.tolist(), IMAGES)), "dataset", r"must return .*got \(list, ndarray\)"),
        (returning({"images": IMAGES}), "dataset", "must return .*got dict"),
        (returning(IMAGES.astype(float)), "images", "uint8"),
        (returning(IMAGES[..., 0]), "images", r"\[N, H, W, C\]"),
        (returning(np.uint8(3)), "dataset", "must return .*got uint8"),
        (returning(np.ones((), np.uint8)), "images", r"\[N, H, W, C\]"),
        (returning((IMAGES, LABELS.tolist())), "labels", "numpy array"),
        (returning((IMAGES, LABELS / 2)), "labels", "integers"),
        (returning((IMAGES, LABELS - 1)), "labels", r"in 0\.\."),
        (returning((IMAGES, LABELS[:5])), "labels", "one per image"),
        (returning((IMAGES, LABELS + MAX_CLASSES)), "labels", "without class names"),
        (returning((IMAGES, LABELS, "abc")), "class_names", "strings"),
        (returning((IMAGES, LABELS, 3)), "class_names", "strings"),
        (returning((IMAGES, LABELS, ["a", 1, 2])), "class_names", "strings"),
        (returning((IMAGES, LABELS, ["a"])), "labels", "one per class name"),
        (returning((IMAGES, None, ["a"])), "class_names", "no labels"),
        (lambda folder: IMAGES, "dataset", "needs folder"),
        (lambda data_dir, /: IMAGES, "dataset", "needs data_dir"),
        (dict, "dataset", "signature"),
        (lambda: 1 / 0, "dataset", r"failed: ZeroDivisionError: .*\(test_user_function.py:\d+\)"),
    ],
)
def test_anything_else_is_one_line(function: Callable[..., Any], field: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{field}: .*{problem}") as caught:
        load(function, tmp_path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("memory_mb", [512, 0])
@pytest.mark.parametrize("what", BROKEN)
def test_a_source_that_breaks_its_contract_is_one_line(what: str, memory_mb: int, tmp_path: Path) -> None:
    changes, problem = BROKEN[what]
    cache = {"memory_mb": memory_mb} if not memory_mb else {"cache_gb": 0}
    with pytest.raises(InputError, match=f"^dataset: colours: .*{problem}") as caught:
        load(returning(broken(changes)), tmp_path, **cache)
    assert len(str(caught.value).splitlines()) == 1
    assert not list(tmp_path.glob("decoded/[!.]*")), "nothing is kept of it"


def test_a_source_that_keeps_its_contract_is_loaded(tmp_path: Path) -> None:
    assert load(returning(broken({})), tmp_path).labels.tolist() == [0, 1, 0]


def test_a_generator_can_have_as_many_classes() -> None:
    assert MAX_CLASSES == spec.MAX_CLASSES


def test_its_own_input_error_passes(tmp_path: Path) -> None:
    def mine() -> None:
        raise InputError("dataset", "get it from the archive")

    with pytest.raises(InputError, match="^dataset: get it from the archive$"):
        load(mine, tmp_path)


def test_another_split_than_train_needs_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^split: .*takes no split"):
        load(returning(IMAGES), tmp_path, "test")


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (returning, "tests.data.test_user_function-returning"),
        (lambda: IMAGES, "tests.data.test_user_function-lambda"),
        (functools.partial(returning, 1), "functools-partial"),
    ],
)
def test_name(function: Callable[..., Any], name: str) -> None:
    assert function_name(function) == name


def test_checking_does_not_call_it(tmp_path: Path) -> None:
    check_available(lambda: pytest.fail("called"), tmp_path)


@pytest.mark.parametrize("text", ["module:function", "package.module:Class.method"])
def test_a_name_is_never_imported(text: str, tmp_path: Path) -> None:
    assert is_reference(text)
    with pytest.raises(InputError, match="^dataset: .*pass the function itself"):
        load(text, tmp_path)


@pytest.mark.parametrize("text", ["module", "a b:c", "module:", ":function", "a:b:c", "http://x"])
def test_other_strings_name_no_function(text: str, tmp_path: Path) -> None:
    assert not is_reference(text)
    with pytest.raises(InputError, match="^dataset: unknown value"):
        load(text, tmp_path)


@pytest.mark.parametrize("value", [None, 3, ["digits"]])
def test_other_values_are_refused(value: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^dataset: must be a string or a function"):
        load(value, tmp_path)
