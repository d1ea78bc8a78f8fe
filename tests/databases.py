"""A database for each test: a copied file, or a server's copy of a database made once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

from service.store.database import open_database
from tests.books import prepare

KINDS = ["sqlite", "postgresql"]


def name_database(server: str, name: str) -> str:
    """The URL of another database on the same server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def tell(server: str, statement: str) -> None:
    """Run one statement as the server's superuser."""

    async def run() -> None:
        connection = await asyncpg.connect(server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


@contextmanager
def make_database(server: str, template: str = "") -> Iterator[str]:
    """The URL of a new one, which ends with the block, whoever is still connected."""
    name = f"tariffwire_{uuid4().hex[:16]}"
    tell(
        server,
        f"CREATE DATABASE {name}"
        + (f" TEMPLATE {make_url(template).database}" if template else ""),
    )
    try:
        yield name_database(server, name)
    finally:
        tell(server, f"DROP DATABASE {name} WITH (FORCE)")


def migrate_at(url: str) -> None:
    """Empty books at head."""

    async def make() -> None:
        async with open_database(url) as database:
            await prepare(database)

    asyncio.run(make())
