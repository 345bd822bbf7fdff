"""Verifies an export that somebody received: `egan-export verify --help`."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.utils.command_line import OneLineParser, program

_EPILOG = """\
Exit status: 0 all is as the card says; 1 something is different; 3 something was not checked, such as a format that
cannot run on this machine; 2 the arguments are invalid.

The card says what the export should be, so this finds damage: in copies, downloads, on disks. Whoever changes an
export on purpose can write a new card for it. Against that, give --sha256 the SHA-256 of card.json (the command
prints it) from another source than the export: the card has those of all other files.

Loading a format runs it, and a SavedModel may be any program. Files are compared before anything is loaded, but if you
do not trust whoever made the export, give --sha256, or check with --files-only.
"""


def main(arguments: Sequence[str]) -> int:
    """Prints a line for each file and each format of an export.

    Args:
        arguments: without the names of the program and of this command.

    Returns:
        The exit status: 0, 1 for a difference, 3 for something that was not checked.

    Raises:
        InputError: an argument is invalid.
        SystemExit: after printing the help or the version.
    """
    options = _parser().parse_args(arguments)
    from egan_tf.export.receipt.finding import worst
    from egan_tf.export.receipt.receipt import verify
    from egan_tf.sampling.model_file import GIVEN, find_export

    path, place = find_export(options.path)
    if place != GIVEN:
        print(f"model {path} ({place})", flush=True)
    findings = []
    for finding in verify(path, sha256=options.sha256, files_only=options.files_only):
        print(finding, flush=True)
        findings.append(finding)
    return worst(findings)


def _parser() -> OneLineParser:
    import argparse

    parser = OneLineParser(
        prog=f"{program('export')} verify",
        description="Compare an export with its card: files, and the samples of its formats with each other.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path",
        help="folder of an export (saved_models/NAME), a file or folder in one, or a name: in saved_models, or of a "
        "model that is installed with egan_tf",
    )
    parser.add_argument("--sha256", help="SHA-256 that card.json, or the file, must have (64 hexadecimal digits)")
    parser.add_argument("--files-only", action="store_true", help="compare the files, and load none of them")
    return parser
