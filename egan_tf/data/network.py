"""Whether a site can be reached, found within seconds: libraries that download would try for minutes."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
TIMEOUT = 4.0
"""Seconds for all sites together."""


def behind_proxy() -> bool:
    """True if the environment names a proxy, whose sites cannot be checked by a plain connection."""
    return any(os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES)


def site_of(url: str) -> tuple[str, int]:
    """The host and the port of an address such as https://example.org/file."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def unreachable(sites: Iterable[tuple[str, int]], timeout: float = TIMEOUT) -> list[tuple[str, int]]:
    """The sites (host, port) that accept no connection within `timeout` seconds, all tried at the same time."""
    unique = list(dict.fromkeys(sites))
    answered: set[tuple[str, int]] = set()

    def connect(site: tuple[str, int]) -> None:
        try:
            socket.create_connection(site, timeout).close()
            answered.add(site)
        except OSError:
            pass

    # In threads, because the lookup of a name obeys no timeout.
    attempts = [threading.Thread(target=connect, args=(site,), daemon=True) for site in unique]
    deadline = time.monotonic() + timeout
    for attempt in attempts:
        attempt.start()
    for attempt in attempts:
        attempt.join(max(0.0, deadline - time.monotonic()))
    return [site for site in unique if site not in answered]
