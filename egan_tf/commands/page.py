"""Writes a page that samples in the browser: `egan-export page --help`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from egan_tf.utils.command_line import OneLineParser, program
from egan_tf.utils.paths import user_path

_EPILOG = """\
Any file server can serve the folder, for example

  python -m http.server --bind 127.0.0.1 --directory pages/NAME

The page requests nothing but its own files, and a seed gives the pictures that Sampler gives. It carries
onnxruntime-web, which npm fetches once into DATA_DIR/onnxruntime-web; without npm or a network, give the folder of an
unpacked npm package by --onnxruntime-web.
"""


def main(arguments: Sequence[str]) -> int:
    """Writes the page of an export.

    Args:
        arguments: without the names of the program and of this command.

    Returns:
        The exit status, 0.

    Raises:
        InputError: an argument is invalid, or the page cannot be written; nothing has been written.
        SystemExit: after printing the help or the version.
    """
    options = _parser().parse_args(arguments)
    from egan_tf.export.markdown import shell_word
    from egan_tf.export.page.folder import write_page
    from egan_tf.export.page.runtime import PACKAGE

    cache = user_path("data_dir", options.data_dir) / PACKAGE
    folder, size = write_page(options.path, options.out, options.onnxruntime_web, cache, options.overwrite)
    print(f"page: {folder} ({size / 1e6:.1f} MB)")
    print(f"serve: python -m http.server --bind 127.0.0.1 --directory {shell_word(str(folder))}")
    return 0


def _parser() -> OneLineParser:
    import argparse

    parser = OneLineParser(
        prog=f"{program('export')} page",
        description="Write a folder that samples from an exported generator in the browser.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, help="folder of an export (saved_models/NAME), or an ONNX file of one")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder to write (pages/NAME)")
    parser.add_argument(
        "--onnxruntime-web", type=Path, metavar="DIR", help="unpacked npm package (default: npm fetches the pinned one)"
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), metavar="FOLDER", help="keeps what npm fetched (%(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier page")
    return parser
