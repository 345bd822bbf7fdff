"""Truncation: samples nearer to the middle of the noise, more typical and less varied.

Every number of the noise is multiplied by psi. The mean of the noise is 0, so this is z' = mean + psi (z - mean), the
truncation trick of StyleGAN (Karras et al. 2019, arXiv 1812.04948, appendix B), in the space of the noise: normal noise
becomes N(0, psi^2), uniform noise uniform in [-psi, psi). BigGAN (Brock et al. 2019, arXiv 1809.11096, section 3.1)
makes the same exchange of variety for fidelity by drawing again what exceeds a threshold. Multiplication is preferred
here, because it is one product of float32 that any language repeats to the bit, needs no further random numbers,
changes nothing at psi = 1, and commutes with interpolation. How much it changes depends on the generator: where all
layers are nearly homogeneous (ReLU, small biases), a smaller psi mostly lowers the contrast.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from egan_tf.utils.checks import number, require


def check_truncation(psi: Any) -> float:
    """Returns psi as a float; raises `InputError` unless 0 < psi <= 1. `field` is "truncation"."""
    checked = number("truncation", psi, 0.0, 1.0, above=True)
    require(bool(np.float32(checked) > 0), "truncation", f"{checked:g} is 0 in float32; take a larger number")
    return checked


def truncate(noise: np.ndarray, psi: float) -> np.ndarray:
    """The noise times psi, float32 of the same shape; the same bits for psi = 1.

    Args:
        noise: float32.
        psi: above 0, at most 1.
    """
    return noise * np.float32(psi)


def description(psi: float) -> str:
    """What the end of a message says of it: "" for none, otherwise such as " (truncation 0.5)"."""
    return "" if psi == 1 else f" (truncation {psi:g})"
