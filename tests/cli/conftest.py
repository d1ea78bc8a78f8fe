"""One service and one receiver, as processes, for all tests of commands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import Process, Service, tariffwire


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[Service]:
    """One service for all commands: they do not get into each other's way."""
    running = Service(tmp_path_factory.mktemp("service"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def fresh(tmp_path_factory) -> Iterator[Service]:
    """One for this test alone, which holds nothing yet."""
    running = Service(tmp_path_factory.mktemp("fresh"))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def receiver(service, tmp_path_factory) -> Iterator[tuple[Process, str]]:
    """`tariffwire listen --json`, known to the service; with the id of its destination."""
    folder = tmp_path_factory.mktemp("receiver")
    secret = "whsec_" + "c2VjcmV0IG9mIHRoZSByZWNlaXZlciBpbiB0ZXN0cw=="
    words = ("listen", "--port", "0", "--secret", secret, "--json", "--fail-first", "1")
    running = Process(*words, folder=folder)
    running.url = url = running.wait_for("listening").split()[-1]
    added = tariffwire(
        "destinations", "add", "--url", url, "--secret", secret, "--json", at=service
    )
    yield running, json.loads(added.stdout)["id"]
    assert running.stop() == 0


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The working folder, where the service's own files would be."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
