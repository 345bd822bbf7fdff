"""Files of tensorflow-datasets (TFDS), looked at without importing it: importing it takes seconds."""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from egan_tf.data import network
from egan_tf.utils.checks import InputError

_VERSION = re.compile(r"\d+\.\d+\.\d+")
INFO = "dataset_info.json"
"""The file that TFDS writes last, so that its folder is complete."""
DEFAULT_SITE = "https://storage.googleapis.com"
"""Where TFDS keeps what it publishes itself."""

MAX_LISTED = 6
"""A message lists up to this many files."""


@dataclass(frozen=True)
class Download:
    """A file that TFDS downloads: its address, and its name in `manual_folder`."""

    url: str
    name: str


def manual_folder(data_dir: Path) -> Path:
    """Where TFDS looks for the files of a download before it downloads them."""
    return data_dir / "downloads" / "manual"


def prepared_folders(name: str, data_dir: Path) -> list[Path]:
    """The folders of the prepared versions of a data set, whether or not the installed TFDS reads them.

    Args:
        name: NAME or NAME/CONFIG.
        data_dir: folder of prepared data sets.
    """
    patterns = (f"*/{INFO}",) if "/" in name else (f"*/{INFO}", f"*/*/{INFO}")
    return [info.parent for pattern in patterns for info in sorted((data_dir / name).glob(pattern))]


def prepare_command(name: str, data_dir: Path) -> str:
    """The shell command that prepares the data set on a machine with a network.

    It avoids the command line of TFDS, which needs apache_beam.
    """
    call = f'builder("{name}", data_dir={json.dumps(str(data_dir))}).download_and_prepare()'
    return f"python -c {shlex.quote(f'import tensorflow_datasets as tfds; tfds.{call}')}"


def downloads_of(name: str) -> list[Download]:
    """The files that TFDS downloads for all configurations of a data set; none if it downloads or knows nothing.

    Args:
        name: NAME or NAME/CONFIG.
    """
    path = _checksum_files().get(name.partition("/")[0])
    return [_download(line) for line in path.read_text("utf-8").splitlines() if line.strip()] if path else []


def _download(line: str) -> Download:
    """One line of a file of checksums: address, size, SHA-256, and (not in older files) the name of the file."""
    row = line.split("\t") if "\t" in line else line.split()
    return Download(row[0], row[3] if len(row) > 3 else urlsplit(row[0]).path.rpartition("/")[2])


def check_available(name: str, data_dir: Path, page: str = "") -> None:
    """Raises `InputError` if a data set is not prepared and TFDS could not fetch it, within 5 s.

    Args:
        name: NAME or NAME/CONFIG.
        data_dir: folder of prepared data sets.
        page: as for `by_hand`.
    """
    if not prepared_folders(name, data_dir):
        check_complete(name, data_dir)
        check_fetchable(name, data_dir, by_hand(name, data_dir, page))


def check_complete(name: str, data_dir: Path) -> None:
    """Raises `InputError` if a folder of an interrupted preparation is there, which TFDS would take for the data."""
    for folder in sorted((data_dir / name).glob("*")):
        if _VERSION.fullmatch(folder.name) and not (folder / INFO).is_file():
            raise InputError("dataset", f"{folder} is no complete data set; delete it to have it prepared again")


def check_fetchable(name: str, data_dir: Path, remedy: str) -> None:
    """Raises `InputError` unless the downloads of a data set are in `manual_folder`, or one of their sites answers.

    Args:
        name: NAME or NAME/CONFIG.
        data_dir: folder of prepared data sets.
        remedy: what else the user can do, for the message, such as `by_hand`; "" for nothing.
    """
    files, manual = downloads_of(name), manual_folder(data_dir)
    if files and all((manual / file.name).is_file() for file in files):
        return
    if not files and manual.is_dir() and any(manual.iterdir()):
        return  # what TFDS does not download is put there by hand, and it says at once what is missing
    if network.behind_proxy():
        return
    sites = {network.site_of(file.url) for file in files} or {network.site_of(DEFAULT_SITE)}
    silent = network.unreachable(sorted(sites))
    if len(silent) < len(sites):
        return
    raise InputError(
        "dataset",
        f"{name} is not prepared in {data_dir}{_similar(name)}{_others(name, data_dir)} and {silent[0][0]} cannot be "
        f"reached; prepare it on a machine with a network and copy the folder: {prepare_command(name, data_dir)}"
        f"{remedy and '; or '}{remedy}",
    )


def by_hand(name: str, data_dir: Path, page: str = "") -> str:
    """Which files to download by hand and where to put them, for a message; "" if there are none or too many.

    Args:
        name: NAME or NAME/CONFIG.
        data_dir: folder of prepared data sets.
        page: the address of the page that links to the files; by default that of their folder.
    """
    files = downloads_of(name)
    if not 0 < len(files) <= MAX_LISTED:
        return ""
    names = ", ".join(sorted(file.name for file in files))
    return f"put {names} of {page or files[0].url.rpartition('/')[0]} into {manual_folder(data_dir)}"


def _others(name: str, data_dir: Path) -> str:
    versions = [str(folder.relative_to(data_dir)) for folder in prepared_folders(name, data_dir)]
    return f" (there is only {', '.join(versions)}, which TFDS would not take for it)" if versions else ""


def _similar(name: str) -> str:
    known = _checksum_files()
    plain = name.partition("/")[0]
    close = [] if plain in known else difflib.get_close_matches(plain, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _checksum_files() -> dict[str, Path]:
    """By data set, the file of checksums, with the addresses and names of its downloads."""
    spec = importlib.util.find_spec("tensorflow_datasets")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("dataset", "needs the package tensorflow-datasets: pip install 'egan_tf[train]'")
    root = Path(spec.submodule_search_locations[0])
    found = {path.stem: path for path in (root / "url_checksums").glob("*.txt")}
    return found | {path.parent.name: path for path in root.glob("*/*/checksums.tsv")}
