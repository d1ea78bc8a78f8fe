"""Many followers in a database of their own, written straight into it.

Four of five ask for imports of the US, each for one code and mostly one origin. Two groups are
there for what is measured: `FEW` follow upholstered furniture from Vietnam (9401.61) to the US, and
in larger populations `MANY` follow cars of Japan (8703.23). Nobody else follows chapters 94 and 87.
"""

import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from benchmarks.made_up import IMPORTERS, ORIGINS, SHARE_OF_US
from benchmarks.rooms import Room, Row
from service.core.codes.harmonized import HS_DIGITS, descriptions
from service.store.database import Database, open_database
from service.store.following.accounts import ensure_default
from service.store.migrations import migrate

FEW = 100
MANY = 10_000
GROUPS = ("87", "94")
AT = datetime(2025, 1, 1, tzinfo=UTC)
ACCOUNT = "acc_default"
SUBSCRIPTIONS_A_DESTINATION = 10
Lane = tuple[str, str, str]


@asynccontextmanager
async def open_population(
    room: Room,
    size: int,
    url: str,
    *,
    sharing: int = SUBSCRIPTIONS_A_DESTINATION,
    share_of_us: float = SHARE_OF_US,
) -> AsyncIterator[Database]:
    """`size` subscriptions, `sharing` of them to a destination, an address below `url`."""
    if size <= FEW * 10:
        sharing = 1
    async with open_database(room.database_url) as db:
        await migrate(db)
        async with db.write() as session:
            await ensure_default(session, AT)
    await room.fill(
        {
            "destination": _destinations(-(-size // sharing), url),
            "subscription": _subscriptions(size, share_of_us),
            "subscription_destination": _links(size, sharing),
            "filter": _filters(size, share_of_us),
        }
    )
    async with open_database(room.database_url) as db:
        yield db


def lanes(size: int, share_of_us: float) -> Iterator[Lane]:
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
            levies = "US" if chance.random() < share_of_us else chance.choice(IMPORTERS[1:])
            yield levies, chance.choice((*ORIGINS, "")), chance.choice(others)


def subscription_id(number: int) -> str:
    """By its place."""
    return f"sub_{number:08}"


def destination_id(number: int) -> str:
    """By its place."""
    return f"dst_{number:08}"


def _destinations(count: int, url: str) -> Iterator[Row]:
    for number in range(count):
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


def _subscriptions(size: int, share_of_us: float) -> Iterator[Row]:
    for number, (importer, origin, code) in enumerate(lanes(size, share_of_us)):
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


def _links(size: int, sharing: int) -> Iterator[Row]:
    for number in range(size):
        yield {
            "subscription_id": subscription_id(number),
            "destination_id": destination_id(number // sharing),
        }


def _filters(size: int, share_of_us: float) -> Iterator[Row]:
    for number, (importer, origin, code) in enumerate(lanes(size, share_of_us)):
        yield {
            "subscription_id": subscription_id(number),
            "layer": "measure",
            "importer": importer,
            "origin": origin,
            "code": code,
            "nomenclature": "",
            "subject": "",
            "possible": False,
        }
