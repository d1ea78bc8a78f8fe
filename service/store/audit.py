"""The books row by row, in pages, each row with what must stand beside it: for whoever checks them.

All of it is asked in one reading session, so that it is of one moment however busy the books are.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, exists, func, inspect, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col

from service.core.event import Handling
from service.core.sending.delivery import State
from service.store.arrivals.tables import Outbox
from service.store.delivery.sending import SENDING
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt, Superseded
from service.store.following.tables import Destination, Subscription
from service.store.gathering.waiting import GATHERING
from service.store.notices.tables import Notice
from service.store.plans.tables import Fanout
from service.store.standings.histories import KEPT
from service.store.standings.recorded import IS_NAMED, NAMED
from service.store.standings.tables import Change, Echo, Event, Mention, Subject
from service.store.tables import Counter

PAGE = 1_000
"""Rows of a page."""
Rows = Sequence[Any]
Wanted = Select[*tuple[Any, ...]]


def names_missing_file(url: str) -> bool:
    """Whether the URL names a file that is not there: opening it would make one."""
    scheme, _, path = url.partition(":///")
    return scheme == "sqlite" and not Path(path).exists()


async def has_books(session: AsyncSession) -> bool:
    """Whether the tables of this release are there."""
    connection = await session.connection()
    names = await connection.run_sync(lambda one: set(inspect(one).get_table_names()))
    return set(SQLModel.metadata.tables) <= names


async def count_given(session: AsyncSession) -> Mapping[str, int]:
    """By counter, the last number that was given."""
    rows = await session.execute(select(col(Counter.name), col(Counter.last)))
    return {row.name: row.last for row in rows}


async def read_events(session: AsyncSession, after: int) -> Rows:
    """By number, with the change that each names, whether its subject is there, and its mention."""
    is_noted = and_(
        col(Mention.named_source) == col(Event.about_source),
        col(Mention.named_id) == col(Event.about_id),
        col(Mention.number) == col(Event.number),
    )
    wanted: Wanted = (
        select(
            col(Event.number),
            col(Event.source),
            col(Event.id),
            col(Event.handling),
            col(Event.subject),
            col(Event.accepted_at),
            col(Event.outcome),
            col(Event.change_id),
            col(Event.about_source),
            col(Event.about_id),
            col(Change.id).label("found"),
            col(Change.subject).label("of_change"),
            col(Change.mode),
            col(Subject.key),
            exists().where(is_noted).label("is_noted"),
        )
        .outerjoin(Change, col(Change.id) == col(Event.change_id))
        .outerjoin(Subject, col(Subject.key) == col(Event.subject))
    )
    return await _page(session, wanted, col(Event.number), after)


_ABOUT = aliased(Event)


async def read_waiting(session: AsyncSession, after: int) -> Rows:
    """Claims that wait, by number, with the outcome of what they wait for if that has come."""
    about: Any = _ABOUT
    wanted = (
        select(
            col(Event.number),
            col(Event.source),
            col(Event.id),
            col(Event.about_source),
            col(Event.about_id),
            about.number.label("came"),
            about.outcome.label("ended"),
        )
        .outerjoin(about, (about.source == col(Event.about_source)) & (about.id == Event.about_id))
        .where(text("event.outcome = 'waiting'"))  # in the words of its partial index
    )
    return await _page(session, wanted, col(Event.number), after)


async def read_changes(session: AsyncSession, after: int) -> Rows:
    """By number, with the number that their fan-out was given."""
    columns = [col(getattr(Change, name)) for name in Change.model_fields]
    wanted: Wanted = select(*columns, col(Fanout.number).label("fanned_out")).outerjoin(
        Fanout, col(Fanout.change_id) == col(Change.id)
    )
    return await _page(session, wanted, col(Change.number), after)


async def find_causes(
    session: AsyncSession, identities: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], UUID | None]:
    """What each of these events says it made."""
    columns = (col(Event.source), col(Event.id), col(Event.change_id))
    wanted = select(*columns).where(
        col(Event.source).in_({source for source, _ in identities}),
        col(Event.id).in_({name for _, name in identities}),
    )
    return {(row.source, row.id): row.change_id for row in await session.execute(wanted)}


async def read_alerts(session: AsyncSession, after: int) -> Rows:
    """By number, with where each stands: live, held, ended."""
    wanted: Wanted = (
        select(
            col(Alert.number),
            col(Alert.id),
            col(Alert.change_id),
            col(Alert.created_at),
            func.coalesce(col(Change.id), col(Notice.id)).label("found"),
            col(Alert.cause),
            col(Delivery.id).is_not(None).label("live"),
            exists().where(col(Held.delivery_id) == col(Alert.id)).label("held"),
            col(Receipt.delivery_id).is_not(None).label("ended"),
        )
        .outerjoin(Change, col(Change.id) == col(Alert.change_id))
        .outerjoin(Notice, col(Notice.id) == col(Alert.change_id))
        .outerjoin(Delivery, col(Delivery.id) == col(Alert.id))
        .outerjoin(Receipt, col(Receipt.delivery_id) == col(Alert.id))
    )
    return await _page(session, wanted, col(Alert.number), after)


async def read_deliveries(session: AsyncSession, after: UUID | None) -> Rows:
    """Live ones by id, with their alert, whom it is for, and the highest attempt made."""
    made = _highest_attempt(col(Delivery.id))
    wanted: Wanted = select(
        col(Delivery.id),
        col(Delivery.attempt),
        col(Delivery.lease),
        col(Delivery.visible_at),
        col(Alert.id).label("alert"),
        col(Delivery.destination_id),
        col(Destination.id).label("to"),
        made,
    )
    wanted = wanted.outerjoin(Alert, col(Alert.id) == col(Delivery.id)).outerjoin(
        Destination, col(Destination.id) == col(Delivery.destination_id)
    )
    return await _page(session, wanted, col(Delivery.id), after)


_OWNER = aliased(Destination)


async def read_held(session: AsyncSession, after: UUID | None) -> Rows:
    """Held ones by id whose alert, destination or owner is not there.

    `owned`: somebody may let it go, be it a destination, a subscription, or one of our own.
    """
    ours = col(Held.owner_id).in_([GATHERING, SENDING]) | col(Held.owner_id).contains(":")
    owned = or_(
        ours,
        exists().where(col(_OWNER.id) == col(Held.owner_id)),
        exists().where(col(Subscription.id) == col(Held.owner_id)),
    )
    wanted: Wanted = (
        select(
            col(Held.delivery_id).label("id"),
            col(Held.owner_id),
            col(Held.destination_id),
            col(Alert.id).label("alert"),
            col(Destination.id).label("to"),
            owned.label("owned"),
        )
        .outerjoin(Alert, col(Alert.id) == col(Held.delivery_id))
        .outerjoin(Destination, col(Destination.id) == col(Held.destination_id))
        .where(col(Alert.id).is_(None) | col(Destination.id).is_(None) | ~owned)
    )
    return await _page(session, wanted, col(Held.delivery_id), after)


async def read_receipts(session: AsyncSession, after: UUID | None) -> Rows:
    """By delivery, with its alert and the highest attempt made."""
    made = _highest_attempt(col(Receipt.delivery_id))
    wanted: Wanted = select(
        col(Receipt.delivery_id).label("id"),
        col(Receipt.outcome),
        col(Receipt.attempts),
        col(Alert.id).label("alert"),
        made,
    ).outerjoin(Alert, col(Alert.id) == col(Receipt.delivery_id))
    return await _page(session, wanted, col(Receipt.delivery_id), after)


async def read_superseded(session: AsyncSession, after: UUID | None) -> Rows:
    """By delivery: what gave way to which alert, and how it ended."""
    heir, own = aliased(Alert), col(Alert.id)
    wanted: Wanted = (
        select(
            own,
            col(Alert.number),
            col(Alert.subject),
            col(Alert.destination_id).label("destination"),
            col(Superseded.successor_id).label("successor"),
            col(Receipt.outcome),
            col(heir.number).label("later"),
            col(heir.subject).label("later_subject"),
            col(heir.destination_id).label("later_destination"),
        )
        .outerjoin(Superseded, col(Superseded.delivery_id) == own)
        .outerjoin(Receipt, col(Receipt.delivery_id) == own)
        .outerjoin(heir, col(heir.id) == col(Superseded.successor_id))
        .where(
            col(Superseded.successor_id).is_not(None)
            | (col(Receipt.outcome) == State.SUPERSEDED.value)
        )
    )
    return await _page(session, wanted, own, after)


def _highest_attempt(delivery: Any) -> Any:
    highest = select(func.max(col(Attempt.number))).where(col(Attempt.delivery_id) == delivery)
    return highest.correlate(Delivery, Receipt).scalar_subquery().label("made")


async def read_subjects(session: AsyncSession, after: str) -> Rows:
    """By key, with what each counts."""
    columns = (col(Subject.key), col(Subject.events), col(Subject.sequence))
    wanted = select(*columns, col(Subject.last_change))
    return await _page(session, wanted, col(Subject.key), after)


async def read_naming(session: AsyncSession, after: int | None) -> Rows:
    """By number, the events that name others."""
    return await _page(session, select(col(Mention.number)).distinct(), col(Mention.number), after)


_OWN, _OF_NAMED = aliased(Echo), aliased(Echo)


async def read_unheard(session: AsyncSession, first: int, last: int) -> Rows:
    """Of the events with these numbers, those that do not count in another subject as they should.

    There what they carry out or take back was said, or what they assess counts.
    """
    place = case(
        (col(Event.type) == "tariff.measure", col(NAMED.subject)), else_=col(_OF_NAMED.subject)
    )
    wanted = (
        select(col(Event.number), col(Event.source), col(Event.id), place.label("place"))
        .join(Mention, col(Mention.number) == col(Event.number))
        .join(NAMED, IS_NAMED)
        .outerjoin(_OF_NAMED, col(_OF_NAMED.number) == col(NAMED.number))
        .outerjoin(_OWN, and_(col(_OWN.number) == col(Event.number), col(_OWN.subject) == place))
        .where(
            col(Mention.number).between(first, last),
            col(Event.outcome).in_(KEPT),
            col(Event.handling) != Handling.TEST,
            col(NAMED.handling) != Handling.TEST,
            or_(
                col(Event.type) == "claim.assessed",
                and_(col(Event.type) == "tariff.measure", col(NAMED.type) == "tariff.measure"),
            ),
            place != col(Event.subject),
            col(_OWN.number).is_(None),
        )
        .distinct()
        .order_by(col(Event.number))
    )
    return (await session.execute(wanted)).all()


async def find_outboxes(session: AsyncSession) -> Mapping[str, tuple[int, datetime]]:
    """By topic, how many events wait for the log, and since when."""
    wanted = select(col(Outbox.topic), func.count(), func.min(col(Outbox.at)))
    rows = await session.execute(wanted.group_by(col(Outbox.topic)))
    return {row[0]: (row[1], row[2]) for row in rows}


async def _page(session: AsyncSession, wanted: Wanted, place: Any, after: Any) -> Rows:
    if after is not None:
        wanted = wanted.where(place > after)
    return (await session.execute(wanted.order_by(place).limit(PAGE))).all()
