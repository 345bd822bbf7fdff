"""CelebA, aligned and cropped, from TFDS, which fetches it (1.4 GB) from Google Drive unless its files are there."""

from __future__ import annotations

from pathlib import Path

from egan_tf.data.about import About
from egan_tf.data.tfds_files import check_available
from egan_tf.data.tfds_pictures import TfdsPictures
from egan_tf.data.tfds_source import prepared_builder
from egan_tf.utils.checks import one_of

NAME = "celeb_a"
SOURCE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
COUNTS = {"train": "162,770", "validation": "19,867", "test": "19,962"}


class CelebA(TfdsPictures):
    """Aligned faces of 218×178; E-GAN's paper (arXiv 1803.00657) uses 128×128."""

    resolution = 64


def load(argument: str, data_dir: Path, split: str = "train") -> CelebA:
    """The 162,770 ("train"), 19,867 ("validation") or 19,962 ("test") RGB faces, 64×64 unless another size is asked.

    The middle square of 178×178 of each aligned picture is resized. The 40 attributes are not read: they are no
    classes.

    Raises:
        InputError: unknown split, or the data set is neither prepared in `data_dir` nor can be fetched.
    """
    one_of("split", split, COUNTS)
    about = About(
        f"CelebA, aligned and cropped, {split} split: {COUNTS[split]} RGB faces of celebrities, 218x178, prepared by "
        "TFDS.",
        license="non-commercial research purposes only; no copy of the pictures or of data derived from them may be "
        "sold or published",
        source=SOURCE,
        citation="Z. Liu, P. Luo, X. Wang and X. Tang, Deep learning face attributes in the wild, ICCV 2015, "
        "arXiv 1411.7766",
    )
    builder = prepared_builder(NAME, data_dir, "some minutes, 1.4 GB to download", page=SOURCE)
    return CelebA(NAME, builder, split, about, labelled=False)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, COUNTS)
    check_available(NAME, data_dir, SOURCE)
