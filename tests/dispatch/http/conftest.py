"""What this process dials, seen from below: nothing of ours can hide from it."""

import socket

import pytest


@pytest.fixture
def dialled(monkeypatch):
    """The IPs of all connects from now on.

    No audit hook sees to it: Python takes none back, and each of them has threads that start at
    one moment, while coverage is measured, trip over one another.
    """
    met = []

    class Noting(socket.socket):
        def connect(self, address):
            met.append(address[0])
            return super().connect(address)

    monkeypatch.setattr(socket, "socket", Noting)
    return met
