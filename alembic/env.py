"""How migrations meet the database: on a connection that is handed in, or by the settings' URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from service.settings import read_settings
from service.store import tables  # noqa: F401  # declares the tables
from service.store.database import open_database


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_alone() -> None:
    url = read_settings(dict(os.environ)).database_url
    async with open_database(url) as database, database.migrating() as connection:
        await connection.run_sync(_run)


handed_in = context.config.attributes.get("connection")
if handed_in is None:
    asyncio.run(_run_alone())
else:
    _run(handed_in)
