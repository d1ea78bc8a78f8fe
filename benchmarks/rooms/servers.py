"""The distributed mode: a PostgreSQL database and a Kafka prefix; bare are asyncpg and aiokafka.

`TARIFFWIRE_TEST_KAFKA=host:port` and `TARIFFWIRE_TEST_POSTGRES=postgresql://…` name servers that
run already; else both are started, as tests start them, and ended with the benchmark.
"""

import asyncio
import json
import logging
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from itertools import chain
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition
from sqlalchemy import make_url

from benchmarks.figures import stopwatch
from benchmarks.rooms import Hop, Row
from benchmarks.rooms.files import common

GIVEN_KAFKA = "TARIFFWIRE_TEST_KAFKA"
GIVEN_POSTGRES = "TARIFFWIRE_TEST_POSTGRES"
BARE = "bare"
PARTITIONS = 6


@asynccontextmanager
async def find_servers() -> AsyncIterator["Servers"]:
    """Those that are named, else two of our own."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        postgres = os.environ.get(GIVEN_POSTGRES) or stack.enter_context(_start_postgres()).url
        kafka = os.environ.get(GIVEN_KAFKA) or stack.enter_context(_start_kafka()).address
        yield Servers(postgres, kafka)


def _start_postgres() -> Any:
    """One whose commits reach the disk."""
    from tests.engines.postgres import Postgres

    return Postgres(durable=True)


def _start_kafka() -> Any:
    from tests.engines.kafka import Kafka

    return Kafka()


class Servers:
    """Rooms share the two servers, and nothing in them."""

    mode = "distributed"

    def __init__(self, postgres: str, kafka: str) -> None:
        self._postgres = postgres
        self._kafka = kafka

    @asynccontextmanager
    async def room(self) -> AsyncIterator["ServerRoom"]:
        """A database and topics that are dropped at the end."""
        name = f"tariffwire_bench_{secrets.token_hex(4)}"
        await _tell(self._postgres, f"CREATE DATABASE {name}")
        url = make_url(self._postgres).set(database=name).render_as_string(hide_password=False)
        try:
            yield ServerRoom(url, self._kafka, name)
        finally:
            await _drop_topics(self._kafka, name)
            await _tell(self._postgres, f"DROP DATABASE {name} WITH (FORCE)")


class ServerRoom:
    """`bare` is the table, and the topic, that baselines write."""

    def __init__(self, url: str, kafka: str, name: str) -> None:
        self.database_url = url
        self.log_url = f"kafka://{kafka}/{name}"
        self.kafka = kafka
        self.topic = f"{name}.tariffs"
        self._bare = f"{name}.{BARE}"

    def environment(self, roles: Sequence[str] = ()) -> dict[str, str]:
        """Both URLs, and a free port."""
        return common(roles) | {
            "TARIFFWIRE_DATABASE_URL": self.database_url,
            "TARIFFWIRE_LOG_URL": self.log_url,
        }

    async def fill(self, tables: Mapping[str, Iterator[Row]]) -> None:
        """By COPY."""
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute("SET synchronous_commit = off")
            for table, rows in tables.items():
                first = next(rows)
                records = (tuple(row.values()) for row in chain([first], rows))
                await connection.copy_records_to_table(table, records=records, columns=list(first))
            await connection.execute(f"ANALYZE {', '.join(tables)}")
        finally:
            await connection.close()

    async def reinsert(self, tables: Sequence[str], size: int) -> float:
        """By asyncpg's `executemany`."""
        connection = await asyncpg.connect(self.database_url)
        try:
            rows = {table: await connection.fetch(f"SELECT * FROM {table}") for table in tables}  # noqa: S608
            for table in tables:
                made = f"CREATE TABLE {BARE}_{table} (LIKE {table} INCLUDING ALL)"
                await connection.execute(made)
            with stopwatch() as watch:
                for start in range(0, len(rows["event"]), size):
                    for row in rows["event"][start : start + size]:
                        json.loads(row["body"])
                    async with connection.transaction():
                        for table in tables:
                            some = rows[table][start : start + size]
                            marks = ", ".join(f"${place + 1}" for place in range(len(some[0])))
                            statement = f"INSERT INTO {BARE}_{table} VALUES ({marks})"  # noqa: S608
                            await connection.executemany(statement, some)
        finally:
            await connection.close()
        return watch.seconds

    @asynccontextmanager
    async def committing(self) -> AsyncIterator[Hop]:
        """BEGIN, INSERT, COMMIT."""
        connection = await asyncpg.connect(self.database_url)
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {BARE} (body bytea)")

        async def commit(body: bytes) -> None:
            async with connection.transaction():
                await connection.execute(f"INSERT INTO {BARE} VALUES ($1)", body)  # noqa: S608

        try:
            yield commit
        finally:
            await connection.close()

    @asynccontextmanager
    async def logging(self) -> AsyncIterator[Hop]:
        """Produce, acknowledged by all; then consume."""
        await self._make_bare_topic()
        place = TopicPartition(self._bare, 0)
        async with (
            AIOKafkaProducer(**self._producing()) as producer,
            AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer,
        ):
            consumer.assign([place])
            await consumer.seek_to_end(place)
            await consumer.position(place)

            async def hop(body: bytes) -> None:
                await asyncio.gather(
                    producer.send_and_wait(self._bare, body, partition=0), consumer.getone()
                )

            yield hop

    async def append_bare(self, values: Sequence[bytes], size: int) -> float:
        """Futures first, then wait for all of them."""
        await self._make_bare_topic()
        async with AIOKafkaProducer(**self._producing(linger_ms=2)) as producer:
            await producer.partitions_for(self._bare)
            with stopwatch() as watch:
                for start in range(0, len(values), size):
                    some = values[start : start + size]
                    futures = [await producer.send(self._bare, value) for value in some]
                    await asyncio.gather(*futures)
        return watch.seconds

    async def append_one_by_one(self, values: Sequence[bytes]) -> float:
        """`send_and_wait`."""
        await self._make_bare_topic()
        async with AIOKafkaProducer(**self._producing()) as producer:
            await producer.partitions_for(self._bare)
            with stopwatch() as watch:
                for value in values:
                    await producer.send_and_wait(self._bare, value)
        return watch.seconds

    async def read_bare(self, count: int) -> float:
        """`getmany` of up to 500, from the start of every partition."""
        places = [TopicPartition(self._bare, number) for number in range(PARTITIONS)]
        async with AIOKafkaConsumer(
            bootstrap_servers=self.kafka, isolation_level="read_committed"
        ) as consumer:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            read = 0
            with stopwatch() as watch:
                while read < count:
                    found = await consumer.getmany(timeout_ms=1000, max_records=500)
                    read += sum(map(len, found.values()))
        return watch.seconds

    async def measure_disk(self) -> float:
        """As PostgreSQL counts it."""
        connection = await asyncpg.connect(self.database_url)
        try:
            size = await connection.fetchval("SELECT pg_database_size(current_database())")
            return int(size) / 1e6
        finally:
            await connection.close()

    async def _make_bare_topic(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:  # that it is there already is no error
            await admin.create_topics([NewTopic(self._bare, PARTITIONS, 1)])
        finally:
            await admin.close()

    def _producing(self, **more: Any) -> dict[str, Any]:
        """As the service produces: idempotent, acknowledged by all, compressed."""
        return {
            "bootstrap_servers": self.kafka,
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": "lz4",
            "max_batch_size": 131_072,
            **more,
        }


async def _tell(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _drop_topics(kafka: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(f"{prefix}.")]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()
