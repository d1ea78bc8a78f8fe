"""Many followers in a database of their own: written straight into SQLite, for speed.

Four of five ask for imports of the US, each for one code and mostly one origin. Two groups are
there for what is measured: `FEW` follow upholstered furniture from Vietnam (9401.61) to the US, and
in larger populations `MANY` follow cars of Japan (8703.23). Nobody else follows chapters 94 and 87.
"""

import json
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from benchmarks.made_up import IMPORTERS, ORIGINS, SHARE_OF_US
from service.core.codes.harmonized import HS_DIGITS, descriptions
from service.store.database import Database, open_database
from service.store.migrations import migrate

FEW = 100
MANY = 10_000
GROUPS = ("87", "94")
AT = "2025-01-01 00:00:00.000000"
ACCOUNT = "acc_default"
SUBSCRIPTIONS_A_DESTINATION = 10
Lane = tuple[str, str, str]
Row = tuple[Any, ...]


@asynccontextmanager
async def open_population(folder: Path, size: int, url: str) -> AsyncIterator[Database]:
    """`size` subscriptions; every destination is an address below `url`."""
    path = folder / "books.db"
    async with open_database(f"sqlite:///{path}") as db:
        await migrate(db)
    with closing(sqlite3.connect(path)) as books:
        _fill(books, size, url)
    async with open_database(f"sqlite:///{path}") as db:
        yield db


def _fill(books: sqlite3.Connection, size: int, url: str) -> None:
    books.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")
    indexes = books.execute(
        "SELECT name, sql FROM sqlite_master WHERE type='index' AND tbl_name='filter'"
    ).fetchall()
    for name, _ in indexes:
        books.execute(f"DROP INDEX {name}")
    books.execute("INSERT INTO account VALUES (?, 'Default', ?)", (ACCOUNT, AT))
    _insert(books, "destination", _destinations(size, url))
    _insert(books, "subscription", _subscriptions(size))
    _insert(books, "subscription_destination", _links(size))
    _insert(books, "filter", _filters(size))
    for _, statement in indexes:
        books.execute(statement)
    books.commit()


def _insert(books: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    names, marks = ", ".join(first), ", ".join("?" * len(first))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own words
    books.execute(statement, tuple(first.values()))
    books.executemany(statement, (tuple(row.values()) for row in rows))


def lanes(size: int) -> Iterator[Lane]:
    """(importer, origin, code) of each subscription, in order."""
    chance = random.Random(size)
    many = MANY if size > 5 * MANY else 0
    others = [one for one in descriptions() if len(one) == HS_DIGITS and one[:2] not in GROUPS]
    for number in range(size):
        if number % (size // FEW) == 0:
            yield "US", "VN", "940161"
        elif many and number % (size // many) == 1:
            yield "US", "JP", "870323"
        else:
            levies = "US" if chance.random() < SHARE_OF_US else chance.choice(IMPORTERS[1:])
            yield levies, chance.choice((*ORIGINS, "")), chance.choice(others)


def subscription_id(number: int) -> str:
    return f"sub_{number:08}"


def destination_id(number: int) -> str:
    return f"dst_{number:08}"


def destination_of(number: int, size: int) -> int:
    """Those of the two groups have one each; the others share."""
    return number if size <= FEW * 10 else number // SUBSCRIPTIONS_A_DESTINATION


def _destinations(size: int, url: str) -> Iterator[dict[str, Any]]:
    for number in range(destination_of(size - 1, size) + 1):
        yield {
            "id": destination_id(number),
            "account_id": ACCOUNT,
            "kind": "webhook",
            "address": f"{url}/{number}",
            "name": "",
            "secrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "state": "active",
            "reason": "",
            "created_at": AT,
            "updated_at": AT,
        }


def _subscriptions(size: int) -> Iterator[dict[str, Any]]:
    for number, (importer, origin, code) in enumerate(lanes(size)):
        places = {"importer": importer} | ({"origin": origin} if origin else {})
        yield {
            "id": subscription_id(number),
            "account_id": ACCOUNT,
            "name": f"Follower {number}",
            "external_id": f"ext-{number}",
            "rule": json.dumps({"lanes": [places | {"product": {"codes": [code]}}]}),
            "labels": '{"desk":"imports"}',
            "details": "{}",
            "state": "active",
            "after_change": 0,
            "created_at": AT,
            "updated_at": AT,
        }


def _links(size: int) -> Iterator[dict[str, Any]]:
    for number in range(size):
        yield {
            "subscription_id": subscription_id(number),
            "destination_id": destination_id(destination_of(number, size)),
        }


def _filters(size: int) -> Iterator[dict[str, Any]]:
    for number, (importer, origin, code) in enumerate(lanes(size)):
        yield {
            "subscription_id": subscription_id(number),
            "layer": "measure",
            "importer": importer,
            "origin": origin,
            "code": code,
            "nomenclature": "",
            "subject": "",
            "possible": 0,
        }
