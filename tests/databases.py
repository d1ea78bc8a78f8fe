"""A database for each test: a copied file, or a server's copy of a database made once."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import asyncpg
from alembic.config import Config
from sqlalchemy import Connection, make_url

from service.store.database import open_database
from service.store.migrations import CHECKED_OUT
from tests.books import prepare

KINDS = ["sqlite", "postgresql"]
AT_ONCE = 10
"""Databases that a server makes, or drops, in a row: by turns each takes several times as long."""


def name_database(server: str, name: str) -> str:
    """The URL of another database on the same server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def tell(server: str, *statements: str) -> None:
    """Run statements, each by itself, as the server's superuser."""

    async def run() -> None:
        connection = await asyncpg.connect(server)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


_ready: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
"""By server and template: databases that nobody has used."""
_asked: Counter[tuple[str, str]] = Counter()
_spent: defaultdict[str, list[str]] = defaultdict(list)
"""By server: databases that nobody will use again."""


@contextmanager
def make_database(server: str, template: str = "") -> Iterator[str]:
    """The URL of a new one, which is nobody's after the block, whoever is still connected."""
    name = _take(server, template)
    url = name_database(server, name)
    try:
        yield url
    finally:
        _spent[server] += [name, *_ready.pop((server, url), ())]
        if not template or len(_spent[server]) >= AT_ONCE:
            _drop_spent(server)


def _take(server: str, template: str) -> str:
    """Copies of what is asked for again and again are made ahead."""
    ready = _ready[server, template]
    if not ready:
        _asked[server, template] += 1
        count = min(AT_ONCE, _asked[server, template]) if template else 1
        ready += [f"tariffwire_{uuid4().hex[:16]}" for _ in range(count)]
        like = f" TEMPLATE {make_url(template).database}" if template else ""
        tell(server, *(f"CREATE DATABASE {name}{like}" for name in ready))
    return ready.pop()


def _drop_spent(server: str) -> None:
    tell(server, *(f"DROP DATABASE {name} WITH (FORCE)" for name in _spent.pop(server)))


def migrate_at(url: str) -> None:
    """Empty books at head."""

    async def make() -> None:
        async with open_database(url) as database:
            await prepare(database)

    asyncio.run(make())


def migrate_to(connection: Connection, step: Callable[[Config, str], None], revision: str) -> None:
    """`step` is alembic's upgrade or downgrade; for `run_sync`."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(CHECKED_OUT))
    step(config, revision)
