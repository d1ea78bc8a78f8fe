"""Which measures may bear on goods, and keeping the index that says so up to date."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event import Measure
from service.core.event.envelope import EVENTS
from service.core.rates.reach import Net, reaches_of
from service.store.database import insert_new
from service.store.lists import one_of
from service.store.rates.tables import Reach, Reached
from service.store.rows import Clash, insert_rows
from service.store.standings.tables import Event, Subject

PAGE = 200
"""Events indexed in one transaction; so few that nobody waits for it."""
MARK = "events"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A measure that may bear on the goods, and how much there is of it: a cache's key."""

    subject: str
    events: int
    sequence: int


_LAST = select(func.max(col(Event.number))).scalar_subquery()
_MARKED = select(col(Reached.number)).where(col(Reached.name) == MARK)
_PAGE = (
    select(col(Event.number), col(Event.subject), col(Event.type), col(Event.body))
    .where(col(Event.number) > bindparam("after"))
    .order_by(col(Event.number))
    .limit(PAGE)
)
_MOVE = (
    update(Reached)
    .where(col(Reached.name) == MARK, col(Reached.number) == bindparam("since"))
    .values(number=bindparam("next"))
)


async def reach_further(session: AsyncSession) -> bool:
    """Index the next page; False: there is none, or another process is at it just now."""
    await session.execute(insert_new(session, Reached), [{"name": MARK, "number": 0}])
    since = int(await session.scalar(_MARKED) or 0)
    found = (await session.execute(_PAGE, {"after": since})).all()
    if not found:
        return False
    connection = await session.connection()
    moved = await connection.execute(_MOVE, {"since": since, "next": found[-1].number})
    if not moved.rowcount:
        return False
    rows = {
        (*reach, row.subject)
        for row in found
        if row.subject and row.type == "tariff.measure"
        for reach in _reaches(row.body)
    }
    names = ("importer", "code", "origin", "subject")
    ordered = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
    await insert_rows(session, Reach, ordered, Clash.SKIP)
    return True


def _reaches(body: bytes) -> set[tuple[str, str, str]]:
    data = EVENTS.validate_json(body).data
    return {*reaches_of(data)} if isinstance(data, Measure) else set()


_PLACED = (
    select(col(Reach.subject), col(Subject.events), col(Subject.sequence))
    .distinct()
    .join(Subject, col(Subject.key) == col(Reach.subject))
    .where(
        one_of(col(Reach.importer), "importers"),
        one_of(col(Reach.origin), "origins"),
    )
)
_STATE = select(literal(""), func.coalesce(_LAST, 0), func.coalesce(_MARKED.scalar_subquery(), 0))
_BY_CODE = _PLACED.where(one_of(col(Reach.code), "codes"))
_BELOW = _PLACED.where(col(Reach.code) > bindparam("below"), col(Reach.code) < bindparam("until"))
_EXACT = union_all(_STATE, _BY_CODE)
_WIDE = union_all(_STATE, _BY_CODE, _BELOW)


async def find_candidates(session: AsyncSession, net: Net) -> list[Candidate] | None:
    """The measures in the net, each once, in one question; None: the index is behind."""
    connection = await session.connection()
    given = {
        "importers": list(net.importers),
        "origins": list(net.origins),
        "codes": list(net.codes),
    }
    span = {"below": net.below, "until": net.until} if net.below else {}
    (_, last, reached), *rows = sorted(
        tuple(row) for row in await connection.execute(_WIDE if span else _EXACT, given | span)
    )
    return None if last > reached else [Candidate(*row) for row in dict.fromkeys(rows)]
