"""What owners decide of codes that change, and which correlations concern a subscription."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.correlation import Correlation, Word
from service.store.lists import one_of
from service.store.products.tables import CodeChange, CorrelationRow
from service.store.products.tables import Correlation as Table
from service.store.rows import Clash, insert_rows


@dataclass(frozen=True, slots=True)
class Decision:
    """A correlation that concerns a subscription, and the word of its owner."""

    correlation_id: str
    nomenclature: str
    title: str
    effective: date
    word: Word
    told_at: datetime
    decided_at: datetime | None


async def list_decisions(session: AsyncSession, subscription_id: str) -> list[Decision]:
    """In the order of their days."""
    rows = await session.execute(_DECISIONS, {"of": subscription_id})
    return [Decision(**dict(row._mapping) | {"word": Word(row.word)}) for row in rows]  # noqa: SLF001


_DECISIONS = (
    select(
        col(CodeChange.correlation_id),
        col(Table.nomenclature),
        col(Table.title),
        col(Table.effective),
        col(CodeChange.word),
        col(CodeChange.told_at),
        col(CodeChange.decided_at),
    )
    .join(Table, col(Table.id) == col(CodeChange.correlation_id))
    .where(col(CodeChange.subscription_id) == bindparam("of"))
    .order_by(col(Table.effective), col(Table.id))
)


async def read_correlations(session: AsyncSession, ids: Collection[str]) -> dict[str, Correlation]:
    """Whole, by id."""
    following: dict[str, dict[str, list[str]]] = {identity: {} for identity in ids}
    for row in await session.execute(_ROWS, {"those": sorted(ids)}):
        news = following[row.correlation_id].setdefault(row.old, [])
        news += [row.new] if row.new else []
    heads = await session.execute(_HEADS, {"those": sorted(ids)})
    return {
        row.id: Correlation(
            row.id,
            row.nomenclature,
            row.effective,
            {old: tuple(dict.fromkeys(news)) for old, news in following[row.id].items()},
        )
        for row in heads
    }


_HEADS = select(col(Table.id), col(Table.nomenclature), col(Table.effective)).where(
    one_of(col(Table.id), "those")
)
_ROWS = (
    select(col(CorrelationRow.correlation_id), col(CorrelationRow.old), col(CorrelationRow.new))
    .where(one_of(col(CorrelationRow.correlation_id), "those"))
    .order_by(col(CorrelationRow.id))
)


async def read_decided(
    session: AsyncSession, subscription_id: str
) -> list[tuple[Correlation, Word]]:
    """The correlations that concern it, whole, with the word of its owner; by their days."""
    decisions = await list_decisions(session, subscription_id)
    known = await read_correlations(session, [one.correlation_id for one in decisions])
    return [(known[one.correlation_id], one.word) for one in decisions]


async def read_words(
    session: AsyncSession, subscriptions: Sequence[str]
) -> dict[tuple[str, str], Word]:
    """By subscription and correlation, of all that they were told of."""
    rows = await session.execute(_WORDS, {"those": list(subscriptions)})
    return {(row.subscription_id, row.correlation_id): Word(row.word) for row in rows}


_WORDS = select(
    col(CodeChange.subscription_id), col(CodeChange.correlation_id), col(CodeChange.word)
).where(one_of(col(CodeChange.subscription_id), "those"))


async def note_told(
    session: AsyncSession,
    account_id: str,
    subscription_id: str,
    correlation_id: str,
    now: datetime,
) -> None:
    """That its owner was told, and may decide."""
    row: dict[str, Any] = {
        "subscription_id": subscription_id,
        "correlation_id": correlation_id,
        "account_id": account_id,
        "word": Word.OPEN.value,
        "told_at": now,
        "decided_at": None,
    }
    await insert_rows(session, CodeChange, [row], Clash.SKIP)


async def decide(
    session: AsyncSession,
    subscription_id: str,
    correlations: Sequence[str],
    word: Word,
    now: datetime,
) -> None:
    """Write down the word of the owner."""
    said = (
        update(CodeChange)
        .where(
            col(CodeChange.subscription_id) == subscription_id,
            col(CodeChange.correlation_id).in_(correlations),
        )
        .values(word=word.value, decided_at=now)
    )
    await session.execute(said)


async def forget_code_changes(session: AsyncSession, subscription_id: str) -> None:
    """The subscription is no more."""
    owned = col(CodeChange.subscription_id) == subscription_id
    await session.execute(delete(CodeChange).where(owned))
