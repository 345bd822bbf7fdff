"""Workers that look often and storages that do not wait for the disk, as trials take a moment."""

import sqlite3
from typing import Any

import pytest

from egan_tf.search import worker

connect = sqlite3.connect


def connect_without_fsync(*arguments: Any, **options: Any) -> sqlite3.Connection:
    connection = connect(*arguments, **options)
    connection.execute("PRAGMA synchronous=OFF")
    return connection


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(worker, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(sqlite3, "connect", connect_without_fsync)
    monkeypatch.setenv("FAKE_SECONDS", "0.002")
