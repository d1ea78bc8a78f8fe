"""Whom and what somebody means who asks why: names may be whole, short, or several at once."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event import Identity
from service.core.sending.sent import redact_url
from service.core.why.trail import Recipient
from service.store.delivery.tables import Alert
from service.store.following.tables import Destination
from service.store.lists import one_of
from service.store.standings.changes import Recorded, find_change, find_numbered
from service.store.standings.tables import Event

MOST = 10
"""Of what several may be meant, so many are named."""
SOURCES = 200
"""An id without its source is looked for with so many of them."""
REMOVED = "removed"

_COLUMNS = (
    col(Destination.id),
    col(Destination.kind),
    col(Destination.address),
    col(Destination.state),
    col(Destination.reason),
)


async def find_recipients(session: AsyncSession, account_id: str, given: str) -> list[Recipient]:
    """By id or whole address; else by an address as it is shown, secrets hidden, or its begin.

    Capitals of a mail address matter only where two differ in nothing else.
    """
    mine = select(*_COLUMNS).where(col(Destination.account_id) == account_id)
    exact = or_(col(Destination.id) == given, col(Destination.address) == given)
    rows = (await session.execute(mine.where(exact).limit(MOST))).all()
    if not rows:
        email = func.lower(col(Destination.address)) == given.lower()
        alike = mine.where(col(Destination.kind) == "email", email)
        rows = (await session.execute(alike.order_by(col(Destination.id)).limit(MOST))).all()
    if not rows and "://" in given:
        rows = await _find_alike(session, mine, given)
    return [_recipient(row) for row in rows] or await _find_removed(session, account_id, given)


async def _find_alike(session: AsyncSession, mine: Any, given: str) -> Any:
    """URLs of the same host and path, whatever stands in front and behind."""
    parts = urlsplit(given)
    place = parts.netloc.rpartition("@")[2] + parts.path
    alike = col(Destination.address).contains(place, autoescape=True)
    wanted = mine.where(col(Destination.kind) == "webhook", alike)
    rows = (await session.execute(wanted.order_by(col(Destination.id)).limit(MOST))).all()
    same = [row for row in rows if redact_url(row.address) == redact_url(given)]
    return same or rows


def _recipient(row: Any) -> Recipient:
    shown = redact_url(row.address) if row.kind == "webhook" else row.address
    return Recipient(id=row.id, kind=row.kind, address=shown, state=row.state, reason=row.reason)


async def _find_removed(session: AsyncSession, account_id: str, given: str) -> list[Recipient]:
    """One that is gone is known by its alerts."""
    wanted = select(col(Alert.number)).where(
        col(Alert.destination_id) == given, col(Alert.account_id) == account_id
    )
    if (await session.execute(wanted.limit(1))).first() is None:
        return []
    return [Recipient(id=given, kind="", address="", state=REMOVED, reason="")]


@dataclass(frozen=True, slots=True)
class Named:
    """What is asked about: an event, and the change it made; only one of them may be known."""

    event: Identity
    change: Recorded | None = None


async def find_named(session: AsyncSession, given: str) -> list[Named]:
    """Changes and events that are called so: a number, an id, `source id`, or an event's id."""
    changes = await _find_changes(session, given)
    found = {one.change.event: Named(one.change.event, one) for one in changes}
    for identity in await _find_events(session, given):
        found.setdefault(identity, Named(identity))
    return list(found.values())


async def _find_changes(session: AsyncSession, given: str) -> list[Recorded]:
    if given.isascii() and given.isdigit() and len(given) < len(str(2**63)):
        return list((await find_numbered(session, [int(given)])).values())
    try:
        found = await find_change(session, UUID(given))
    except ValueError:
        return []
    return [found] if found else []


async def _find_events(session: AsyncSession, given: str) -> list[Identity]:
    wanted = select(col(Event.source), col(Event.id))
    source, space, name = given.partition(" ")
    if space:
        pair = wanted.where(col(Event.source) == source, col(Event.id) == name.strip())
        if row := (await session.execute(pair)).first():
            return [(row.source, row.id)]
    asked = {"those": await list_sources(session)}
    by_id = wanted.where(one_of(col(Event.source), "those"), col(Event.id) == given)
    rows = await session.execute(by_id.order_by(col(Event.source)).limit(MOST), asked)
    return [(row.source, row.id) for row in rows]


async def list_sources(session: AsyncSession) -> Collection[str]:
    """The first `SOURCES` of them: one step of the index each, however many events they sent."""
    found: list[str] = []
    after = ""
    while len(found) < SOURCES:
        following = select(func.min(col(Event.source))).where(col(Event.source) > after)
        after = await session.scalar(following) or ""
        if not after:
            return found
        found.append(after)
    return found
