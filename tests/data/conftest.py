from __future__ import annotations

import numpy as np
import pytest

from egan_tf.data import ImageDataset

COUNT = 50


@pytest.fixture(scope="session")
def numbered() -> ImageDataset:
    """50 images; the label is the index, every pixel is five times the index."""
    indices = np.arange(COUNT)
    images = np.broadcast_to((5 * indices)[:, None, None, None], (COUNT, 4, 6, 3)).astype(np.uint8)
    return ImageDataset("numbered", images, indices, [str(index) for index in indices])
