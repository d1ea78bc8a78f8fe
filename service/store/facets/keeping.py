"""Keeping what matching reads of a change, in the transaction that records it, and dropping it.

What a process of an earlier release recorded has nothing kept: `take_up` makes good for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Change as CoreChange
from service.core.change import read_change
from service.core.match import narrow
from service.core.match.facets import facets_of
from service.core.match.facts import expand
from service.core.match.outline import Outline, outline_of, write_about
from service.log import CHANGES
from service.store.facets.seeking import COLUMNS, read_kept
from service.store.facets.tables import ChangeFacet, ChangeOutline
from service.store.installation.remembered import recall, remember
from service.store.lists import bind_rows, one_of, one_of_rows
from service.store.numbers import last_number
from service.store.rows import Clash, insert_rows
from service.store.standings.tables import Change

KEPT_UP_TO = "outlines"
"""Under this name an installation remembers up to which number nothing is missing."""

STRIDE = 50_000
Row = dict[str, Any]
Numbered = tuple[int, CoreChange]


async def keep_outlines(
    session: AsyncSession, changes: Sequence[Numbered], clash: Clash = Clash.RAISE
) -> None:
    """Of changes with their numbers."""
    outlines, words = outlines_of(changes)
    await insert_rows(session, ChangeOutline, outlines, clash)
    await insert_rows(session, ChangeFacet, words, clash)


def outlines_of(changes: Sequence[Numbered]) -> tuple[list[Row], list[Row]]:
    """The rows of their outlines, and of their words."""
    made = [(number, change, outline_of(change)) for number, change in changes]
    words = [
        {"word": word, "number": number}
        for number, _, outline in made
        for word in facets_of(narrow(expand(outline)))
    ]
    return [_row(*one) for one in made], words


def _row(number: int, change: CoreChange, outline: Outline) -> Row:
    return {
        "number": number,
        "at": change.seen_at,
        "mode": change.mode.value,
        "subject": outline.subject,
        "kinds": " ".join(outline.kinds),
        "certainty": outline.certainty.value,
        "delta_pp": _text(outline.delta_pp),
        "new_pp": _text(outline.new_pp),
        "on_day": outline.on.isoformat(),
        "about": write_about(outline.about),
        "lead": outline.lead,
        "of_clock": outline.is_of_clock,
    }


def _text(given: object) -> str | None:
    return None if given is None else str(given)


async def forget_outlines(session: AsyncSession, changes: Sequence[UUID]) -> None:
    """Changes that go: their words are found as they were made."""
    found = [read_kept(row) for row in await session.execute(_OF_CHANGES, {"those": [*changes]})]
    words = [(word, one.number) for one in found for word in facets_of(narrow(one.facts))]
    if words:
        await session.execute(_FORGET_WORDS, bind_rows("words", words))
    await session.execute(_FORGET, {"those": [one.number for one in found]})


_OF_CHANGES = (
    select(*COLUMNS)
    .join(Change, col(Change.number) == col(ChangeOutline.number))
    .where(one_of(col(Change.id), "those"))
)
_PLAIN = {"synchronize_session": False}
_FORGET_WORDS = (
    delete(ChangeFacet)
    .where(one_of_rows((col(ChangeFacet.word), col(ChangeFacet.number)), "words"))
    .execution_options(**_PLAIN)
)
_FORGET = (
    delete(ChangeOutline)
    .where(one_of(col(ChangeOutline.number), "those"))
    .execution_options(**_PLAIN)
)


@dataclass(frozen=True, slots=True)
class TakenUp:
    """How many changes had no outline and have one now, and whether more may be without."""

    count: int
    has_more: bool


async def take_up(session: AsyncSession, most: int) -> TakenUp:
    """Keep the outlines of the next changes that have none, up to `most`, and note how far.

    It looks at no more than `STRIDE` changes, for whoever writes meanwhile waits.
    """
    after = int(await recall(session, KEPT_UP_TO) or 0)
    last = await last_number(session, CHANGES)
    if last <= after:
        return TakenUp(0, has_more=False)
    until = min(last, after + STRIDE)
    asked = {"after": after, "until": until, "most": most}
    rows = (await session.execute(_MISSING, asked)).all()
    found = [(row.number, read_change(row.body)) for row in rows]
    await keep_outlines(session, found, Clash.SKIP)
    done = until if len(found) < most else found[-1][0]
    await remember(session, {KEPT_UP_TO: str(done)})
    return TakenUp(len(found), has_more=done < last)


_MISSING = (
    select(col(Change.number), col(Change.body))
    .where(
        col(Change.number) > bindparam("after"),
        col(Change.number) <= bindparam("until"),
        ~exists().where(col(ChangeOutline.number) == col(Change.number)),
    )
    .order_by(col(Change.number))
    .limit(bindparam("most"))
)
