"""All that the books say of one event and one destination, as of one moment."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.match.subscription import Rule
from service.core.sending.delivery import TOLD, delivery_id
from service.core.sending.steering import Act, Word
from service.core.why.trail import Follower, Known, Recipient, Trail, Withheld
from service.store.delivery.sending import SENDING, read_hold
from service.store.delivery.tables import Alert, Receipt
from service.store.evidence.versions import find_rules
from service.store.following.subscriptions import Wanted, list_subscriptions
from service.store.plans.tables import Fanout
from service.store.spans import Span
from service.store.standings.changes import Recorded, find_change
from service.store.standings.tables import Change, Event
from service.store.steering.deeds import list_deeds
from service.store.steering.errands import name_change
from service.store.why.alerts import read_sent
from service.store.why.arrivals import find_outside, read_event
from service.store.why.naming import Named

FOLLOWERS = 200
"""Subscriptions of the destination that are asked, the oldest."""
_ACTS = frozenset(act.value for act in Act)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks about what. `unread` counts records of the log that nobody has read yet.

    `withheld` is why nothing is sent at all; None where it is.
    """

    account_id: str
    to: Recipient
    about: str
    unread: int = 0
    withheld: Withheld | None = None


async def read_trail(session: AsyncSession, question: Question, named: Named | None) -> Trail:
    """`named` is what the question is about, where the books have it."""
    found = await read_event(session, named.event) if named else None
    if named is None or found is None:
        outside = await find_outside(session, question.about, question.unread)
        return Trail(to=question.to, input=outside)
    given, ended = found
    change = named.change or await _find_made(session, named)
    if change is None:
        return Trail(to=question.to, input=given, ended=ended)
    name = delivery_id(question.to.id, str(change.change.id))
    return Trail(
        to=question.to,
        input=given,
        ended=ended,
        known=await _read_known(session, change),
        followers=await _list_followers(session, question, change.recorded_at),
        told_pp=await _find_told(session, question.to.id, change),
        sent=await read_sent(session, question.account_id, name, question.to, question.withheld),
    )


async def find_hold(session: AsyncSession) -> Withheld | None:
    """The hold on all sending, with whoever laid it; a deed of an earlier hold is not of this."""
    hold = await read_hold(session)
    if hold is None:
        return None
    latest = Span(None, 1, newest=True)
    deeds = await list_deeds(session, latest, {"object": SENDING, "action": "hold"})
    who = deeds[0].who if deeds and deeds[0].at >= hold.since else ""
    return Withheld(reason=hold.reason, is_hold=True, who=who, since=hold.since)


async def _find_made(session: AsyncSession, named: Named) -> Recorded | None:
    source, name = named.event
    wanted = select(col(Event.change_id)).where(col(Event.source) == source, col(Event.id) == name)
    made = await session.scalar(wanted)
    return await find_change(session, made) if made else None


async def _read_known(session: AsyncSession, one: Recorded) -> Known:
    """With the last word that a person said about telling it."""
    wanted = select(col(Fanout.is_open), col(Fanout.state), col(Fanout.reason))
    row = (await session.execute(wanted.where(col(Fanout.change_id) == one.change.id))).first()
    latest = Span(None, FOLLOWERS, newest=True)
    deeds = await list_deeds(session, latest, {"object": name_change(one.change.id)})
    word = next((deed for deed in deeds if deed.action in _ACTS), None)
    return Known(
        change=one.change,
        number=one.number,
        recorded_at=one.recorded_at,
        is_open=bool(row and row.is_open),
        word=Word(row.state) if row else Word.FREE,
        reason=row.reason if row else "",
        who=word.who if word else "",
        decided_at=word.at if word else None,
    )


async def _list_followers(
    session: AsyncSession, question: Question, recorded_at: datetime
) -> list[Follower]:
    """Each with its rule as it is, and as it was when the change was recorded."""
    told = Wanted(destination=question.to.id)
    found = await list_subscriptions(session, question.account_id, Span(None, FOLLOWERS), told)
    rules = await find_rules(session, [one.id for one in found], recorded_at)
    return [
        Follower(
            id=one.id,
            name=one.name,
            rule=one.rule,
            then=Rule.model_validate_json(rules[one.id]) if one.id in rules else None,
            state=one.state,
            after_change=one.after_change,
            created_at=one.created_at,
            updated_at=one.updated_at,
        )
        for one in found
    ]


async def _find_told(session: AsyncSession, destination: str, one: Recorded) -> Decimal | None:
    """The rate in percent that it was told last before this change."""
    wanted = (
        select(col(Alert.told_pp))
        .join(Change, col(Change.id) == col(Alert.change_id))
        .where(
            col(Alert.subject) == one.change.subject,
            col(Alert.destination_id) == destination,
            col(Alert.told_pp).is_not(None),
            col(Change.number) < one.number,
            ~exists().where(
                col(Receipt.delivery_id) == col(Alert.id), col(Receipt.outcome).not_in(TOLD)
            ),
        )
        .order_by(col(Change.number).desc(), col(Alert.number).desc())
        .limit(1)
    )
    found = await session.scalar(wanted)
    return None if found is None else Decimal(found)
