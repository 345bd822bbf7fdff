"""Names of classes that are numerals, or that occur twice: no text means a class that was not meant."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from egan_tf import InputError, Sampler
from egan_tf.sampling.command import main
from egan_tf.sampling.labels import label_rows
from egan_tf.sampling.spec import SamplingSpec
from tests.sampling.onnx_files import CLASSES, build, put


def spec(*names: str) -> SamplingSpec:
    return SamplingSpec(4, "normal", (2,), None, len(names), names)


def repeated(*names: str) -> SamplingSpec:
    """As a file of an earlier version may be."""
    plain = spec(*map(str, range(len(names)))).to_metadata()
    return SamplingSpec.from_metadata({**plain, "egan_tf.class_names": json.dumps(names)})


@pytest.mark.parametrize(
    ("names", "text", "says"),
    [
        (("1", "2", "3"), "1", "'1' is the name of class 0 and the number of class 1; give 0 for class 0 or 01 for"),
        (("1", "2", "3"), "2", "'2' is the name of class 1 and the number of class 2; give 01 for class 1 or 02 for"),
        (("1", "0"), "0", "'0' is the name of class 1 and the number of class 0; give 01 for class 1 or 00 for"),
        (("01", "02"), "01", "'01' is the name of class 0 and the number of class 1; give 0 for class 0 or 1 for"),
    ],
)
def test_a_numeral_that_means_two_classes_is_refused(names: tuple[str, ...], text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        label_rows(spec(*names), text, 1)
    assert str(error.value).startswith(f"labels: {says}") and "\n" not in str(error.value)
    with pytest.raises(InputError):
        label_rows(spec(*names), [text], 1)


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (("1", "2", "3"), "0", 0),
        (("1", "2", "3"), "01", 1),
        (("1", "2", "3"), "02", 2),
        (("1", "2", "3"), "3", 2),
        (("0", "1", "2"), "1", 1),
        (("cat", "dog"), "1", 1),
        (("5", "7"), "7", 1),
    ],
)
def test_a_numeral_that_means_one_class_is_that_class(names: tuple[str, ...], text: str, label: int) -> None:
    assert label_rows(spec(*names), text, 1) == [label]


def test_numbers_are_numbers_whatever_the_names() -> None:
    np.testing.assert_array_equal(label_rows(spec("1", "2", "3"), [0, 1, 2], 3), [0, 1, 2])


def test_what_the_message_says_works_on_the_command_line(tmp_path: Path) -> None:
    names = {"egan_tf.class_names": json.dumps(["1", "2", "3"])}
    sampler = Sampler(put(tmp_path, build(CLASSES, {**CLASSES.to_metadata(), **names})))
    with pytest.raises(InputError, match="^label: '1' is the name of class 0 and the number of class 1; give 0 "):
        main([str(sampler.path), "--label", "1", "--out", str(tmp_path / "x.npy")])
    for text, label in (("0", 0), ("01", 1)):
        main([str(sampler.path), "--label", text, "--count", "3", "--out", str(tmp_path / f"{text}.npy")])
        np.testing.assert_array_equal(np.load(tmp_path / f"{text}.npy"), sampler.sample(3, labels=label))


def test_names_of_new_files_are_unique() -> None:
    with pytest.raises(InputError, match="^class_names: must be another for each class; 'cat' names two$"):
        spec("cat", "dog", "cat")


def test_files_with_repeated_names_open_and_refuse_the_choice_by_such_a_name(tmp_path: Path) -> None:
    names = {"egan_tf.class_names": json.dumps(["cat", "dog", "cat"])}
    sampler = Sampler(put(tmp_path, build(CLASSES, {**CLASSES.to_metadata(), **names})))
    assert sampler.class_names == ("cat", "dog", "cat")
    for choice in (2, "2", [2, 2]):
        assert sampler.sample(2, labels=choice).shape == (2, 8, 8, 1)
    assert label_rows(sampler.spec, "dog", 1) == [1]
    with pytest.raises(InputError) as error:
        sampler.sample(2, labels="cat")
    assert str(error.value) == "labels: 'cat' is the name of classes 0 and 2; give 0 for class 0 or 2 for class 2"


def test_repeated_numerals() -> None:
    with pytest.raises(InputError) as error:
        label_rows(repeated("2", "2", "x"), "2", 1)
    assert str(error.value) == (
        "labels: '2' is the name of classes 0 and 1 and the number of class 2; "
        "give 0 for class 0 or 1 for class 1 or 02 for class 2"
    )
