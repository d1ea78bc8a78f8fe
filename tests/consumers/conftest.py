"""One consumer over a test's own books and log."""

import pytest

from consumers.consumer import Consumer
from service.log import Log
from service.store.database import Database
from tests.books import Watch, consumer_of, take
from tests.databases import make_database


@pytest.fixture
def consumer(db: Database, log: Log, clock: Watch) -> Consumer:
    return consumer_of(db, log, clock)


@pytest.fixture
def server_url(postgres_url, migrated_on_server):
    """Where writers really run beside each other."""
    with make_database(postgres_url, migrated_on_server) as url:
        yield url


@pytest.fixture
def restarted(db: Database, log: Log, clock: Watch):
    """Build consumers that remember nothing."""
    return lambda: consumer_of(db, log, clock)


@pytest.fixture
def give(db: Database, consumer: Consumer):
    """Hand one batch of events to the consumer (or to `by`)."""

    async def hand(*events, by=None, topic="tariffs"):
        return await take(by or consumer, db, *events, topic=topic)

    return hand
