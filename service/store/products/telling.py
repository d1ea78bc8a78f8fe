"""Telling owners that codes of theirs change: a page of subscriptions at a time, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import bindparam, exists, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.codes import describe_product
from service.core.correlation import Turn, Word, find_by_heirs, find_turns, succeed
from service.core.match.subscription import Rule
from service.core.sending.notice import (
    ChangedCode,
    CodeChanged,
    Kind,
    NamedCode,
    notice_id,
    place_of,
)
from service.store.following.destinations import DestinationValue, lock_destination
from service.store.following.tables import Filter, Subscription, SubscriptionDestination
from service.store.lists import one_of
from service.store.notices.telling import tell
from service.store.products import tables
from service.store.products.correlations import CorrelationValue, find_correlation, list_after
from service.store.products.deciding import (
    decide,
    list_decisions,
    note_told,
    read_correlations,
    read_words,
)
from service.store.products.stocking import restock

PAGE = 200
LISTED = 20


async def find_due(session: AsyncSession, now: datetime) -> CorrelationValue | None:
    """The one that has been due for longest and that no other process has in hand."""
    row = (await session.execute(_DUE, {"now": now})).first()
    return CorrelationValue(**row._mapping) if row else None  # noqa: SLF001 - its public name


_DUE = (
    select(*(col(getattr(tables.Correlation, name)) for name in CorrelationValue.__slots__))
    .where(text("due_at IS NOT NULL"), col(tables.Correlation.due_at) <= bindparam("now"))
    .order_by(col(tables.Correlation.due_at))
    .limit(1)
    .with_for_update(skip_locked=True)
)


async def tell_page(session: AsyncSession, due: CorrelationValue, now: datetime) -> None:
    """The next subscriptions on goods: those that it concerns match what follows, and are told.

    So they are of tables of later days that concern what follows, though those were loaded before.
    """
    rows = (await session.execute(_PAGE, {"after": due.cursor, "most": PAGE})).all()
    words = await read_words(session, [row.id for row in rows])
    correlation = (await read_correlations(session, [due.id]))[due.id]
    rules = {row.id: Rule.model_validate_json(row.rule) for row in rows}
    concerned = {
        row.id: turns
        for row in rows
        if (row.id, due.id) not in words and (turns := find_turns(rules[row.id], correlation))
    }
    heirs = {one: succeed(rules[one], correlation, Word.OPEN) for one in concerned}
    chained = await _find_chained(session, heirs, words, due)
    places = await _lock_places(session, list(concerned))
    told = [row for row in rows if row.id in concerned]
    await _tell(session, told, [_Concern(due, concerned), *chained], places, now)
    is_last = len(rows) < PAGE
    moved = {
        "cursor": rows[-1].id if rows else due.cursor,
        "due_at": None if is_last else now,
    }
    named = update(tables.Correlation).where(col(tables.Correlation.id) == due.id)
    await session.execute(named.values(moved))


async def settle(  # noqa: PLR0913, PLR0917 - whose word on what
    session: AsyncSession,
    account_id: str,
    subscription_id: str,
    correlations: Sequence[str],
    word: Word,
    now: datetime,
) -> None:
    """Write the word of an owner down, who is told what becomes of the codes that it brings."""
    places = await _lock_places(session, [subscription_id])
    await decide(session, subscription_id, correlations, word, now)
    await restock(session, account_id, [subscription_id], now)
    rows = (await session.execute(_ONE, {"of": subscription_id})).all()
    rules = {row.id: Rule.model_validate_json(row.rule) for row in rows}
    words = await read_words(session, list(rules))
    first = (await list_decisions(session, subscription_id))[0]
    since = await find_correlation(session, identity=first.correlation_id)
    chained = await _find_chained(session, rules, words, since) if since else []
    if chained:
        await _tell(session, rows, chained, places, now)


@dataclass(frozen=True, slots=True)
class _Concern:
    """A table, and by subscription what it concerns there."""

    table: CorrelationValue
    turns: Mapping[str, tuple[Turn, ...]]


async def _find_chained(
    session: AsyncSession,
    rules: Mapping[str, Rule],
    words: Mapping[tuple[str, str], Word],
    after: CorrelationValue,
) -> list[_Concern]:
    """Of the tables of later days those that concern heirs, and of which nobody was told yet.

    One table at a time, for they may be large; where tables come in the order of their days there
    is none.
    """
    held, found = dict(rules), []
    for table in await list_after(session, after) if rules else ():
        correlation = (await read_correlations(session, [table.id]))[table.id]
        concerned: dict[str, tuple[Turn, ...]] = {}
        for one, rule in held.items():
            word = words.get((one, table.id))
            if not word and (turns := find_by_heirs(rule, correlation)):
                concerned[one], word = turns, Word.OPEN
            held[one] = succeed(rule, correlation, word) if word else rule
        if concerned:
            found.append(_Concern(table, concerned))
    return found


async def _tell(
    session: AsyncSession,
    rows: Sequence[Any],
    concerns: Sequence[_Concern],
    places: Mapping[str, Sequence[DestinationValue]],
    now: datetime,
) -> None:
    """Note all before the rules are written again, which they are once."""
    for row in rows:
        about = [one for one in concerns if row.id in one.turns]
        for one in about:
            await note_told(session, row.account_id, row.id, one.table.id, now)
        await restock(session, row.account_id, [row.id], now)
        for one, place in product(about, places.get(row.id, ())):
            identity = notice_id(place.id, Kind.CODE_CHANGED, row.id, one.table.id)
            said = _write(one.table, row, one.turns[row.id], place, now)
            await tell(session, identity, said, place, now)
    for one in concerns:
        told = {"of": one.table.id, "more": len(one.turns)}
        await session.execute(_COUNT, told)


_COUNT = (
    update(tables.Correlation)
    .where(col(tables.Correlation.id) == bindparam("of"))
    .values(told=col(tables.Correlation.told) + bindparam("more"))
)
_COLUMNS = (
    col(Subscription.id),
    col(Subscription.account_id),
    col(Subscription.name),
    col(Subscription.rule),
)
_ONE = select(*_COLUMNS).where(col(Subscription.id) == bindparam("of"))
_PAGE = (
    select(*_COLUMNS)
    .where(
        col(Subscription.id) > bindparam("after"),
        exists().where(
            col(Filter.subscription_id) == col(Subscription.id),
            col(Filter.code) != literal_column("''"),
        ),
    )
    .order_by(col(Subscription.id))
    .limit(bindparam("most"))
)


async def _lock_places(
    session: AsyncSession, subscriptions: Sequence[str]
) -> Mapping[str, list[DestinationValue]]:
    """By subscription whom it tells; destinations are locked first of all, in their order."""
    links = (await session.execute(_LINKS, {"those": list(subscriptions)})).all()
    accounts = {row.destination_id: row.account_id for row in links}
    held = {
        one: await lock_destination(session, account, one)
        for one, account in sorted(accounts.items())
    }
    found: dict[str, list[DestinationValue]] = {}
    for row in links:
        if place := held[row.destination_id]:
            found.setdefault(row.subscription_id, []).append(place)
    return found


_LINKS = (
    select(
        col(SubscriptionDestination.subscription_id),
        col(SubscriptionDestination.destination_id),
        col(Subscription.account_id),
    )
    .join(Subscription, col(Subscription.id) == col(SubscriptionDestination.subscription_id))
    .where(one_of(col(SubscriptionDestination.subscription_id), "those"))
    .order_by(col(SubscriptionDestination.destination_id))
)


def _write(
    due: CorrelationValue, row: Any, turns: Sequence[Turn], to: DestinationValue, now: datetime
) -> CodeChanged:
    return CodeChanged(
        about=place_of(to.id, to.name, to.kind, to.address),
        at=now,
        zone=to.preferences.timezone,
        subscription=row.id,
        subscription_name=row.name,
        correlation=due.id,
        title=due.title,
        nomenclature=due.nomenclature,
        effective=due.effective,
        codes=tuple(map(_name_turn, turns[:LISTED])),
        codes_more=max(0, len(turns) - LISTED),
    )


def _name_turn(turn: Turn) -> ChangedCode:
    return ChangedCode(
        code=turn.code,
        description=describe(turn.code),
        lane=turn.lane,
        old=turn.old,
        is_retired=turn.is_retired,
        following=tuple(NamedCode(code=one, description=describe(one)) for one in turn.following),
    )


def describe(code: str) -> str:
    """As HS 2022 does, or nothing where it has not even the chapter."""
    try:
        return describe_product(code)
    except ValueError:
        return ""
