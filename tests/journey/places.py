"""Where books and log are: two files in a folder, or a database and a prefix on engines."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

PARTITIONS = 3


class Place(Protocol):
    """`settings` lead the service there."""

    settings: Mapping[str, str]

    async def prepare(self) -> None:
        """What must be there before the service comes."""

    async def read_changes(self) -> list[dict[str, Any]]:
        """Every record that a reader outside finds in the changes topic, in order."""

    async def clear(self) -> None:
        """Leave nothing behind."""


class Folder:
    """Embedded: SQLite, twice."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log.db"
        self.settings = {
            "database_url": f"sqlite:///{folder}/books.db",
            "log_url": f"sqlite:///{self._log}",
        }

    async def prepare(self) -> None:
        """Files are made when they are opened."""

    async def read_changes(self) -> list[dict[str, Any]]:
        asked = "SELECT value FROM records WHERE topic = 'changes' ORDER BY offset"
        path = f"file:{self._log}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=30)) as connection:
            return [orjson.loads(value) for (value,) in connection.execute(asked)]

    async def clear(self) -> None:
        """The folder goes by itself."""


class Distributed:
    """A database and a prefix of its own on PostgreSQL and Kafka.

    The service reaches them at `kafka` and `postgres`; the tests' own way in may be another.
    """

    def __init__(self, kafka: str, postgres: str, *, own_kafka: str = "") -> None:
        self.prefix = f"t{uuid4().hex[:10]}"
        self.bootstrap = own_kafka or kafka
        self.settings = {
            "database_url": urlunsplit(urlsplit(postgres)._replace(path=f"/{self.prefix}")),
            "log_url": f"kafka://{kafka}/{self.prefix}?partitions={PARTITIONS}",
        }
        self._server = postgres

    async def prepare(self) -> None:
        await run_sql(self._server, f"CREATE DATABASE {self.prefix}")

    async def read_changes(self) -> list[dict[str, Any]]:
        """By a `read_committed` reader, as anybody downstream would be; partition by partition."""
        topic = f"{self.prefix}.changes"
        reader = AIOKafkaConsumer(
            topic,
            bootstrap_servers=self.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await reader.start()
        try:
            return [orjson.loads(value) for value in await _read_to_the_end(reader)]
        finally:
            await reader.stop()

    async def clear(self) -> None:
        await run_sql(self._server, f"DROP DATABASE {self.prefix} WITH (FORCE)")


async def _read_to_the_end(reader: AIOKafkaConsumer) -> list[bytes]:
    places = sorted(reader.assignment())
    ends = await reader.end_offsets(places)
    found: dict[TopicPartition, list[bytes]] = {place: [] for place in places}
    while any([await reader.position(place) < ends[place] for place in places]):
        for place, records in (await reader.getmany(timeout_ms=100)).items():
            found[place] += [record.value for record in records]
    return [value for place in places for value in found[place]]


async def run_sql(url: str, statement: str) -> None:
    """On a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
