"""The files of 2025 as histories, through the pure core and nothing else."""

from datetime import UTC, datetime

import pytest

from service.core.event import read_event
from service.core.standing.history import Entry, History
from service.events_of_2025 import read_article, read_year

SENT = datetime(2026, 11, 22, tzinfo=UTC)


def _fold(events):
    histories = {}
    for raw in events:
        event = read_event(raw)
        known = event.knownfrom or SENT
        history = histories.get(event.subject, History(event.subject))
        histories[event.subject] = history.with_entry(Entry(event, known, known))
    return histories


@pytest.fixture(scope="session")
def year():
    return read_year()


@pytest.fixture(scope="session")
def article():
    return read_article()


@pytest.fixture(scope="session")
def histories(year):
    return _fold(year)


@pytest.fixture(scope="session")
def measures(histories):
    return {key: one for key, one in histories.items() if key.startswith("measure:")}


@pytest.fixture(scope="session")
def sent():
    """The article states no date: it counts as known from when it is sent."""
    return SENT
