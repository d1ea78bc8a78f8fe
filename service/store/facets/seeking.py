"""Finding changes that a rule may match: SQL narrows by words, and gives what `match` reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, intersect, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.certainty import Certainty
from service.core.change import Kind
from service.core.event import Handling
from service.core.match import Facts
from service.core.match.facets import Sought
from service.core.match.facts import expand
from service.core.match.outline import Outline, read_about
from service.store.facets.tables import ChangeFacet, ChangeOutline
from service.store.lists import one_of

COLUMNS = tuple(
    col(getattr(ChangeOutline, name))
    for name in (
        "number",
        "at",
        "subject",
        "kinds",
        "certainty",
        "delta_pp",
        "new_pp",
        "on_day",
        "about",
        "lead",
        "of_clock",
    )
)
MODES = (Handling.LIVE.value, Handling.SIMULATED.value)
"""What alerts count: a test moves no standing, and is followed by nobody in earnest."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A change as matching sees it, with its number and when it was judged."""

    number: int
    at: datetime
    facts: Facts


async def find_numbers(
    session: AsyncSession, sought: Sought, since: datetime, most: int
) -> list[int]:
    """Of changes judged since then those that a rule may match: the latest `most`, in order."""
    kept = ChangeOutline
    given: dict[str, list[str]] = {}
    wanted = select(col(kept.number)).where(col(kept.at) >= since, col(kept.mode).in_(MODES))
    if not sought.is_everything:
        found, given = _find_words(sought)
        wanted = wanted.where(col(kept.number).in_(found))
    latest = wanted.order_by(col(kept.number).desc()).limit(most)
    return list((await session.execute(latest, given)).scalars())[::-1]


async def find_beginning(session: AsyncSession) -> datetime | None:
    """When the first change was judged that is kept; None: none is."""
    first = select(col(ChangeOutline.at)).order_by(col(ChangeOutline.number)).limit(1)
    found: datetime | None = await session.scalar(first)
    return found


def _find_words(sought: Sought) -> tuple[Any, dict[str, list[str]]]:
    """Numbers that satisfy one of `any_of`, or are of one of the subjects; and what is bound."""
    given: dict[str, list[str]] = {"subjects": sorted(sought.subjects)}
    parts: list[Select[Any]] = [
        select(col(ChangeOutline.number)).where(one_of(col(ChangeOutline.subject), "subjects"))
    ]
    for place, sets in enumerate(sought.any_of):
        names = [f"words_{place}_{number}" for number in range(len(sets))]
        given |= {name: sorted(words) for name, words in zip(names, sets, strict=True)}
        parts.append(_have_all(names))
    return union(*parts), given


def _have_all(names: Sequence[str]) -> Select[Any]:
    each = [
        select(col(ChangeFacet.number)).where(one_of(col(ChangeFacet.word), name)) for name in names
    ]
    both = intersect(*each).subquery() if len(each) > 1 else each[0].subquery()
    return select(both.c.number)


async def read_outlines(session: AsyncSession, numbers: Sequence[int]) -> Sequence[Any]:
    """The rows of these changes, in their order; `read_kept` makes facts of them."""
    connection = await session.connection()
    return (await connection.execute(_BY_NUMBER, {"those": list(numbers)})).all()


_BY_NUMBER = (
    select(*COLUMNS)
    .where(one_of(col(ChangeOutline.number), "those"))
    .order_by(col(ChangeOutline.number))
)


def read_kept(row: Any) -> Kept:
    """A row as `match` wants it."""
    outline = Outline(
        row.subject,
        _read_kinds(row.kinds),
        Certainty(row.certainty),
        _read_points(row.delta_pp),
        _read_points(row.new_pp),
        date.fromisoformat(row.on_day),
        read_about(row.about),
        row.lead,
        row.of_clock,
    )
    return Kept(row.number, row.at, expand(outline))


@lru_cache(maxsize=1024)
def _read_kinds(text: str) -> tuple[Kind, ...]:
    return tuple(map(Kind, text.split()))


def _read_points(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
