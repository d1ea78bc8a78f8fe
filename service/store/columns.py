"""Columns and indexes as all tables state them, for either engine."""

from typing import Any

from sqlalchemy import BigInteger, Index, Integer, text

COUNTED: Any = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives: SQLite counts by INTEGER keys only."""


def index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> Index:
    """`where` makes it a partial one."""
    condition: dict[str, Any] = {}
    if where:
        condition = {"sqlite_where": text(where), "postgresql_where": text(where)}
    return Index(name, *columns, unique=unique, **condition)


def made_later(default: str) -> dict[str, Any]:
    """A column that the release before does not know: the database fills it in for it."""
    return {"server_default": text(default)}
