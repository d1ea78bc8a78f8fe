"""Engines to be harmed: a broker and a database server, each behind a network that may break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.engines.kafka import Kafka
from tests.engines.postgres import Postgres
from tests.engines.server import free_port
from tests.journey.places import Distributed
from tests.journey.torture.proxy import LOOPBACK, Proxy, open_proxy


@dataclass(frozen=True)
class Engines:
    """The service comes through the proxies; the tests' own way in passes them by."""

    kafka: Kafka
    postgres: Postgres
    to_kafka: Proxy
    to_postgres: Proxy

    def place(self) -> Distributed:
        """A database and a prefix that are new."""
        return Distributed(
            f"{LOOPBACK}:{self.to_kafka.port}",
            f"postgresql://tariffwire@{LOOPBACK}:{self.to_postgres.port}/postgres",
            own_kafka=self.kafka.address,
        )


@asynccontextmanager
async def open_engines(given: Postgres | None = None) -> AsyncIterator[Engines]:
    """Started, and gone at the end."""
    kafka, postgres, inner = Kafka(), given or Postgres(), free_port()
    async with open_proxy(inner) as to_kafka, open_proxy(postgres.port) as to_postgres:
        _add_door(kafka, inner, to_kafka.port)
        with ExitStack() as stack:
            for server in (kafka, postgres):
                stack.push(server.__exit__)
            await asyncio.gather(*(asyncio.to_thread(one.start) for one in (kafka, postgres)))
            yield Engines(kafka, postgres, to_kafka, to_postgres)


def _add_door(kafka: Kafka, port: int, advertised: int) -> None:
    """A second listener: who comes in by it is sent to the proxy for everything else."""
    kafka.settings["listeners"] += f",PROXIED://{LOOPBACK}:{port}"
    kafka.settings["advertised.listeners"] += f",PROXIED://{LOOPBACK}:{advertised}"
    kafka.settings["listener.security.protocol.map"] += ",PROXIED:PLAINTEXT"
