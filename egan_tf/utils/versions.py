"""Versions of Python and of the packages that a result depends on."""

from __future__ import annotations

import importlib.metadata
import platform

from egan_tf import __version__

PACKAGES = ("tensorflow", "keras", "numpy", "onnx", "tf2onnx", "onnxruntime", "pillow")


def versions() -> dict[str, str]:
    """The versions of Python, of this package, and of the installed ones of `PACKAGES`, by name."""
    found = {"python": platform.python_version(), "egan_tf": __version__}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
