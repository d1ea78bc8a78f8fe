"""Bringing a database to the schema of this release."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

from service.store import tables  # noqa: F401  # declares the tables
from service.store.database import Database

INSTALLED = Path(__file__).parents[1] / "alembic"
CHECKED_OUT = Path(__file__).parents[2] / "alembic"


async def migrate(database: Database) -> None:
    """Upgrade to head, in one transaction; a schema at head is left alone."""
    async with database.engine.begin() as connection:
        await connection.run_sync(_upgrade)


async def differences(database: Database) -> list[object]:
    """What autogenerate would still change; empty at head."""
    async with database.engine.begin() as connection:
        return await connection.run_sync(_compare)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(INSTALLED if INSTALLED.exists() else CHECKED_OUT))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, SQLModel.metadata))
