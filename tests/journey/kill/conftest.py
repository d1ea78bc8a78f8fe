"""Engines that only the kill tests use, for they are harmed; shared by all of these."""

import logging

import pytest
import pytest_asyncio

from tests.journey.torture.engines import open_engines
from tests.journey.torture.faketime import WallClock, clear_away


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engines():
    """Apache Kafka and PostgreSQL, each behind a proxy."""
    async with open_engines() as opened:
        yield opened


@pytest.fixture(autouse=True, scope="session")
def quiet_clients():
    """What the tests' own clients say of an outage would bury what the service says."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@pytest.fixture
def clock(tmp_path_factory):
    """For the processes of one test."""
    yield WallClock(tmp_path_factory.mktemp("time"))
    clear_away()
