"""One process hands over to the next: systemd is told, the old one relieved, nobody left at the door."""

import os
import signal
import socket
from types import SimpleNamespace

import pytest

from portal.cli import server


@pytest.fixture
def successor(monkeypatch):
    """This process was started to replace another; the signals it sends are written down."""
    sent = []
    monkeypatch.setenv(server.PREDECESSOR, "4242")
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def worker(age, workers=2):
    return SimpleNamespace(age=age, cfg=SimpleNamespace(workers=workers))


def test_the_old_processes_are_relieved_when_the_last_new_one_is_ready(successor):
    server._relieve(worker(1))
    assert successor == []

    server._relieve(worker(2))
    assert successor == [(4242, signal.SIGTERM)]


def test_a_first_start_relieves_nobody(successor, monkeypatch):
    monkeypatch.delenv(server.PREDECESSOR)
    server._relieve(worker(2))

    assert successor == []


def test_systemd_is_told_in_which_process_the_service_goes_on(successor, monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        server._introduce(SimpleNamespace(log=None))

        assert systemd.recv(100).decode() == f"MAINPID={os.getpid()}"


def test_a_process_that_ends_takes_in_who_knocked_and_listens_no_more():
    ending = server.Worker.__new__(server.Worker)
    ending.alive, ending.nr_conns, ending._accepting = False, 0, False
    taken = []
    ending.enqueue_req = taken.append
    ending.cfg = None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        waiting = [socket.create_connection(address) for _ in range(3)]
        ending.sockets = [listener]

        ending.set_accept_enabled(False)

        assert len(taken) == 3
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
    for each in (*waiting, *(connection.sock for connection in taken)):
        each.close()
