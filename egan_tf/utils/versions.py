"""Versions of what a result was made with."""

from __future__ import annotations

import importlib.metadata
import platform

PACKAGES = ("tensorflow", "keras", "numpy", "onnx", "tf2onnx", "onnxruntime", "pillow")


def versions() -> dict[str, str]:
    """Returns the versions of Python, of this package and of what it exports with, as far as installed."""
    import egan_tf

    found = {"python": platform.python_version(), "egan_tf": getattr(egan_tf, "__version__", "unknown")}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
