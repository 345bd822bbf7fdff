from __future__ import annotations

import io

import numpy as np
import pytest

from egan_tf.data.image_file import HEADER_BYTES, ImageFile, npy_header
from egan_tf.data.images import content_fingerprint
from tests.data.pictures import noise


@pytest.mark.parametrize("expected", [0, 3, 5])
@pytest.mark.parametrize("labels", [None, np.array([2, 0, 1], np.int32)])
def test_a_file_of_images_has_its_count_and_fingerprint(tmp_path, expected, labels):
    images = np.stack([noise(4, 6, seed=seed) for seed in range(3)])
    with ImageFile(tmp_path / "x.npy", (4, 6, 3), expected) as file:
        for image in images:
            file.write(image)
        assert file.finish(labels) == content_fingerprint(images, labels)
    assert np.array_equal(np.load(tmp_path / "x.npy", mmap_mode="r"), images)


def test_the_header_is_numpys_for_any_shape():
    for shape in ((1, 1, 1, 1), (10**12, 1024, 1024, 4)):
        header = npy_header(shape)
        assert len(header) == HEADER_BYTES and header.endswith(b"\n")
        file = io.BytesIO(header)
        assert np.lib.format.read_magic(file) == (1, 0)
        assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.dtype(np.uint8))
