"""What this process dials, seen from below: nothing of ours can hide from it."""

import sys

import pytest

DIALLED = []


def _note(event, arguments):
    if event == "socket.connect":
        DIALLED.append(arguments[1][0])


sys.addaudithook(_note)  # for good: Python takes none back


@pytest.fixture
def dialled():
    """The IPs of all connects from now on."""
    DIALLED.clear()
    return DIALLED
