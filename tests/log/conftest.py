"""Logs to test: whatever is listed in `params` must keep the whole contract."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from service.log import Log, LogUnavailable, open_log
from tests.books import Watch

PATIENCE = 5


@pytest.fixture(scope="session")
def kafka_run(kafka_bootstrap: str) -> Iterator[str]:
    """What all prefixes of this run begin with; their topics go when it ends."""
    run = f"test-{uuid4().hex[:8]}"
    yield run
    asyncio.run(delete_topics(kafka_bootstrap, run))


async def delete_topics(bootstrap: str, run: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        made = [topic for topic in await admin.list_topics() if topic.startswith(run)]
        if made:
            await admin.delete_topics(made)
    finally:
        await admin.close()


@pytest.fixture
def kafka_url(kafka_bootstrap: str, kafka_run: str) -> str:
    """A prefix of this test's own, with nothing prepared."""
    return f"kafka://{kafka_bootstrap}/{kafka_run}-{uuid4().hex[:8]}"


@pytest.fixture
async def admin(kafka_bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Somebody who may do anything to the cluster."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await client.start()
    yield client
    await client.close()


@pytest.fixture(params=["embedded", "kafka"])
async def log_url(request: pytest.FixtureRequest, tmp_path: Path, clock: Watch) -> str:
    """One partition a topic: only what is true of any log is asked of both."""
    if request.param == "embedded":
        return f"sqlite:///{tmp_path}/log.db"
    url = f"{request.getfixturevalue('kafka_url')}?partitions=1"
    await prepare(url, clock)
    return url


async def prepare(url: str, clock: Watch) -> None:
    """A broker that makes and drops topics all the time takes longer now and then than we wait."""
    async with open_log(url, clock) as log:
        for _ in range(PATIENCE):
            with suppress(LogUnavailable):
                await log.prepare()
                return
        await log.prepare()


@pytest.fixture
async def log(log_url: str, clock: Watch) -> AsyncIterator[Log]:
    async with open_log(log_url, clock) as opened:
        await opened.prepare()
        yield opened
