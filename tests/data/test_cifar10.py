from __future__ import annotations

import socket
import threading

import pytest

from egan_tf.data import cifar10, load
from egan_tf.utils.checks import InputError


@pytest.fixture
def no_proxy(monkeypatch):
    for name in cifar10.PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_a_network_it_refuses_and_names_the_command(tmp_path, monkeypatch, no_proxy):
    monkeypatch.setattr(cifar10, "reachable", lambda host: False)
    with pytest.raises(InputError, match="^dataset: cifar10 is not prepared.*download_and_prepare") as caught:
        load("cifar10", tmp_path)
    assert str(tmp_path) in str(caught.value) and 'builder("cifar10"' in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_behind_a_proxy_the_site_is_not_checked(tmp_path, monkeypatch, no_proxy):
    monkeypatch.setattr(cifar10, "reachable", lambda host: pytest.fail("checked"))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    cifar10.check_download(tmp_path)


def test_reachable_detects_a_listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert cifar10.reachable("127.0.0.1", port)
    assert not cifar10.reachable("127.0.0.1", port)


def test_reachable_times_out_during_name_resolution(monkeypatch):
    released, finished = threading.Event(), threading.Event()

    def hang(*_):
        released.wait(60)
        finished.set()
        raise OSError

    monkeypatch.setattr(socket, "create_connection", hang)
    assert not cifar10.reachable("nowhere.invalid", timeout=0.2)
    assert not finished.is_set()
    released.set()


def test_unknown_split_is_refused(tmp_path):
    with pytest.raises(InputError, match="^split: "):
        load("cifar10", tmp_path, split="validation")
