"""Labels beside every kind of real data that `fit` takes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.batches import LabelledBatches
from tests.evolution.kinds import (
    BATCH,
    ENDLESS_KINDS,
    KINDS,
    STREAMS,
    TOTAL,
    arguments,
    flat,
    generations,
    model,
    refusal,
    samples,
)


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    return model()


@pytest.fixture(scope="module")
def untrained_conditional() -> EGAN:
    return model(conditional=True)


@pytest.fixture(scope="module")
def untrained_of_many_classes() -> EGAN:
    return model(conditional=True, classes=2 * TOTAL)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_travel_with_their_samples(kind: str, untrained_of_many_classes: EGAN) -> None:
    values, labels = samples(2 * TOTAL), np.arange(2 * TOTAL, dtype="int32")
    for step, batches in enumerate(generations(untrained_of_many_classes, arguments(kind, values, labels))):
        assert isinstance(batches, LabelledBatches)
        found = np.concatenate([batches.evaluation_labels.numpy(), *batches.fresh_labels.numpy()])
        np.testing.assert_array_equal(found, labels[step * TOTAL : (step + 1) * TOTAL])
        np.testing.assert_array_equal(flat(batches), values[step * TOTAL : (step + 1) * TOTAL])


@pytest.mark.parametrize("kind", KINDS)
def test_networks_without_labels_get_none(kind: str, untrained: EGAN) -> None:
    words = arguments(kind, samples(2 * TOTAL), np.zeros(2 * TOTAL, "int32"))
    assert not any(isinstance(batches, LabelledBatches) for batches in generations(untrained, words))


def test_labels_that_are_no_numbers_are_refused(untrained_conditional: EGAN) -> None:
    for labels in (["a"] * 2 * TOTAL, np.full(2 * TOTAL, np.nan), [None] * 2 * TOTAL, np.zeros(2 * TOTAL - 1), 3):
        assert refusal(untrained_conditional, x=samples(2 * TOTAL), y=labels).startswith("y: ")


@pytest.mark.parametrize("kind", KINDS)
def test_networks_with_labels_need_them(kind: str, untrained_conditional: EGAN) -> None:
    assert refusal(untrained_conditional, **arguments(kind, samples(2 * TOTAL))).startswith("y: must hold labels")


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_another_shape_are_refused(kind: str, untrained_conditional: EGAN) -> None:
    words = arguments(kind, samples(2 * TOTAL), np.zeros([2 * TOTAL, 1], "int32"))
    assert refusal(untrained_conditional, **words).startswith("y: ")


@pytest.mark.parametrize("kind", [*STREAMS, *ENDLESS_KINDS])
def test_labels_beside_what_yields_them_are_refused(kind: str, untrained: EGAN) -> None:
    message = refusal(untrained, **arguments(kind, samples(2 * TOTAL)), y=np.zeros(2 * TOTAL))
    assert message.startswith("y: must not be given beside")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.zeros(7), "^y: a batch has not as many labels as samples$"),
        (np.zeros([8, 1]), r"^y: a batch has another shape: \[8,1\] instead of \[\?\]$"),
    ],
    ids=["fewer", "2-D"],
)
def test_labels_of_a_dataset_that_do_not_fit_are_told_in_one_line(
    labels: np.ndarray, says: str, untrained_conditional: EGAN
) -> None:
    batches = [(samples(8), labels)] * 9
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_types=("float32", "float64"))
    with pytest.raises(InputError, match=says):
        untrained_conditional.fit(dataset, batch_size=BATCH, verbose=0)
