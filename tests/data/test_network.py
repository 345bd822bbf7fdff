from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from egan_tf.data import network


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://example.org/a/b?c=d", ("example.org", 443)),
        ("http://example.org", ("example.org", 80)),
        ("https://example.org:8443/x", ("example.org", 8443)),
    ],
)
def test_site_of(url: str, site: tuple[str, int]) -> None:
    assert network.site_of(url) == site


@pytest.mark.parametrize("name", network.PROXIES)
def test_behind_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in network.PROXIES:
        monkeypatch.delenv(proxy, raising=False)
        monkeypatch.delenv(proxy.upper(), raising=False)
    assert not network.behind_proxy()
    monkeypatch.setenv(name.upper(), "http://proxy.invalid:3128")
    assert network.behind_proxy()


def test_a_listener_is_reachable_and_a_closed_port_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_site = ("127.0.0.1", server.getsockname()[1])
        with socket.create_server(("127.0.0.1", 0)) as other:
            closed_site = ("127.0.0.1", other.getsockname()[1])
        assert network.unreachable([open_site, closed_site, open_site]) == [closed_site]
    assert network.unreachable([]) == []


def test_name_resolution_that_hangs_ends_for_all_sites_together(monkeypatch: pytest.MonkeyPatch) -> None:
    released, finished = threading.Event(), threading.Event()

    def hang(*_: Any) -> None:
        released.wait(60)
        finished.set()
        raise OSError

    monkeypatch.setattr(socket, "create_connection", hang)
    sites = [(f"{number}.invalid", 443) for number in range(20)]
    assert network.unreachable(sites, timeout=0.2) == sites
    assert not finished.is_set()
    released.set()
