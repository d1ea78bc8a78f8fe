"""The word over a fan-out: whether it goes on, and what becomes of what it has made."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Update, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event import Identity
from service.core.sending.steering import Act, Word, decide
from service.store.plans.reopening import reopen_followups
from service.store.plans.tables import Fanout
from service.store.standings.tables import Event
from service.store.steering.deeds import Doer, record_deed
from service.store.steering.errands import Kind, Task, begin, name_change
from service.store.steering.pages import do_page

_ERRANDS = {Act.HALT: Kind.HALT, Act.RESUME: Kind.RESUME, Act.RECALL: Kind.RECALL}


@dataclass(frozen=True, slots=True)
class Stop:
    """What people have said about a fan-out."""

    word: Word
    reason: str


async def find_word(session: AsyncSession, change_id: UUID) -> Stop | None:
    """The word over a change's fan-out, whose row is locked; None: there is no such fan-out."""
    wanted = select(col(Fanout.state), col(Fanout.reason)).where(col(Fanout.change_id) == change_id)
    row = (await session.execute(wanted.with_for_update())).first()
    return Stop(Word(row.state), row.reason) if row else None


async def say_word(session: AsyncSession, change_id: UUID, act: Act, doer: Doer) -> Task | None:
    """Decide, and do the first page of what follows; `NotPossible` as things stand.

    Returns the errand that does the rest, if what follows concerns its alerts.
    """
    found = await find_word(session, change_id)
    word = decide(act, found.word if found else Word.REJECTED)
    await session.execute(_move(change_id, act, word, doer.reason))
    task = None
    if act in _ERRANDS:
        task = Task(
            object=name_change(change_id),
            kind=_ERRANDS[act],
            who=doer.who,
            reason=doer.reason,
            begun_at=doer.at,
            due_at=doer.at,
        )
        await begin(session, task)
        task = await do_page(session, task, doer.at)
    if act is Act.APPROVE:
        await reopen_followups(session, [change_id])
    await record_deed(session, doer, act.value, name_change(change_id))
    return task


def _move(change_id: UUID, act: Act, word: Word, reason: str) -> Update:
    """What is not finished goes on where it stood, when it is let go."""
    was_open, was_unfinished = col(Fanout.is_open), col(Fanout.is_unfinished)
    goes_on = act in {Act.APPROVE, Act.RESUME}
    return (
        update(Fanout)
        .where(col(Fanout.change_id) == change_id)
        .values(
            state=word.value,
            reason=reason,
            is_open=was_unfinished if goes_on else False,
            is_unfinished=or_(was_open, was_unfinished) if act is Act.HALT else False,
        )
    )


async def count_awaiting(session: AsyncSession) -> int:
    """How many fan-outs wait for approval."""
    # in the words of its partial index
    waiting = (text("fanout.state <> ''"), col(Fanout.state) == Word.AWAITING.value)
    return int(await session.scalar(select(func.count()).select_from(Fanout).where(*waiting)) or 0)


async def find_place(session: AsyncSession, event: Identity, most: int) -> int:
    """Which of its source's events it is, counted from 1; `most` for that one and all later."""
    source, name = event
    number = select(col(Event.number)).where(col(Event.source) == source, col(Event.id) == name)
    earlier = (
        select(col(Event.id))
        .where(col(Event.source) == source, col(Event.number) < number.scalar_subquery())
        .limit(most - 1)
    )
    counted = select(func.count()).select_from(earlier.subquery())
    return 1 + int(await session.scalar(counted) or 0)
