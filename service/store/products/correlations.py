"""Correlations: tables of codes that change on a day, each loaded once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.catalogue.correlating import Step
from service.store.products.tables import Correlation, CorrelationRow
from service.store.rows import insert_rows
from service.store.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationValue:
    """`told` counts the subscriptions that it concerns; `due_at` None: all have been looked at."""

    id: str
    nomenclature: str
    title: str
    effective: date
    rows: int
    sha256: str
    loaded_at: datetime
    cursor: str = ""
    told: int = 0
    due_at: datetime | None = None


_COLUMNS = [col(getattr(Correlation, name)) for name in CorrelationValue.__slots__]


async def add_correlation(
    session: AsyncSession, value: CorrelationValue, steps: Sequence[Step]
) -> None:
    """Enter it; that it is due has its owners told, page by page."""
    await insert_rows(session, Correlation, [asdict(value)])
    rows = [
        {"correlation_id": value.id, "old": one.old, "new": one.new, "kind": one.kind}
        for one in steps
    ]
    await insert_rows(session, CorrelationRow, rows)


async def find_correlation(
    session: AsyncSession, *, identity: str = "", sha256: str = ""
) -> CorrelationValue | None:
    """By its id, or by what was loaded."""
    named = col(Correlation.sha256) == sha256 if sha256 else col(Correlation.id) == identity
    row = (await session.execute(select(*_COLUMNS).where(named))).first()
    return CorrelationValue(**row._mapping) if row else None  # noqa: SLF001 - its public name


async def list_correlations(session: AsyncSession, span: Span) -> list[CorrelationValue]:
    """In the order of their loading."""
    rows = await session.execute(span.of(select(*_COLUMNS), col(Correlation.id)))
    return [CorrelationValue(**row._mapping) for row in rows]  # noqa: SLF001 - its public name


async def list_after(session: AsyncSession, one: CorrelationValue) -> list[CorrelationValue]:
    """Those of later days, and of its day those loaded after it, in that order."""
    order = tuple_(col(Correlation.effective), col(Correlation.id))
    wanted = select(*_COLUMNS).where(order > (one.effective, one.id)).order_by(*order)
    rows = await session.execute(wanted)
    return [CorrelationValue(**row._mapping) for row in rows]  # noqa: SLF001 - its public name


async def list_steps(
    session: AsyncSession, identity: str, span: Span
) -> list[tuple[int, str, str, str]]:
    """Its rows in the order of the file: number, old, new, kind."""
    columns = (CorrelationRow.id, CorrelationRow.old, CorrelationRow.new, CorrelationRow.kind)
    wanted = select(*map(col, columns)).where(col(CorrelationRow.correlation_id) == identity)
    rows = await session.execute(span.of(wanted, col(CorrelationRow.id)))
    return [(row.id, row.old, row.new, row.kind) for row in rows]
