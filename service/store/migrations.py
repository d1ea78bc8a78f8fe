"""Bringing a database to the schema of this release."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel import SQLModel

from service.store import tables  # noqa: F401  # declares the tables
from service.store.database import Database
from service.store.steering import tables as _of_steering  # noqa: F401  # declares its tables

INSTALLED = Path(__file__).parents[1] / "alembic"
CHECKED_OUT = Path(__file__).parents[2] / "alembic"


async def migrate(database: Database) -> None:
    """Upgrade to head, in one transaction; a schema at head is left alone, and nobody waited for.

    Any number of processes may call this at once: one upgrades, the others find it done.
    """
    if not await is_current(database):
        async with database.migrating() as connection:
            await connection.run_sync(_upgrade)


async def is_current(database: Database) -> bool:
    """Whether the schema is the one that this release was written for."""
    async with database.read() as session:
        connection = await session.connection()
        return await connection.run_sync(_is_at_head)


async def differences(database: Database) -> list[object]:
    """What autogenerate would still change; empty at head."""
    async with database.engine.begin() as connection:
        return await connection.run_sync(_compare)


def _upgrade(connection: Connection) -> None:
    config = _configure()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_at_head(connection: Connection) -> bool:
    there = MigrationContext.configure(connection).get_current_heads()
    return set(there) == set(ScriptDirectory.from_config(_configure()).get_heads())


def _configure() -> Config:
    config = Config()
    config.set_main_option("script_location", str(INSTALLED if INSTALLED.exists() else CHECKED_OUT))
    return config


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, SQLModel.metadata))
