"""The reminders of subjects, made anew whenever their events are recorded."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.clock import Reminder as CoreReminder
from service.core.event import Handling, Turn
from service.store.lists import one_of
from service.store.reminders.tables import Reminder
from service.store.rows import Clash, Row, insert_rows


@dataclass(frozen=True, slots=True)
class Renewal:
    """Of one subject: what is cancelled, and what is entered, to be looked at from `since` on."""

    subject: str
    gone: Collection[CoreReminder]
    new: Collection[CoreReminder]
    since: datetime


async def held_reminders(
    session: AsyncSession, subjects: Collection[str]
) -> Mapping[str, frozenset[CoreReminder]]:
    """Those of each subject; one that has none is not named."""
    found: dict[str, set[CoreReminder]] = {}
    connection = await session.connection()
    for row in await connection.execute(_HELD, {"subjects": list(subjects)}):
        one = CoreReminder(Turn(row.turn), row.at, Handling(row.handling))
        found.setdefault(row.subject, set()).add(one)
    return {subject: frozenset(some) for subject, some in found.items()}


_HELD = select(
    col(Reminder.subject), col(Reminder.turn), col(Reminder.at), col(Reminder.handling)
).where(one_of(col(Reminder.subject), "subjects"))


async def renew(session: AsyncSession, renewals: Iterable[Renewal]) -> None:
    """Cancel and enter; the caller has locked the subjects."""
    listed = list(renewals)
    await drop(session, [_key(all_of.subject, one) for all_of in listed for one in all_of.gone])
    rows: list[Row] = [
        _key(all_of.subject, one)
        | {"handling": one.handling.value, "since": all_of.since, "due_at": all_of.since}
        for all_of in listed
        for one in all_of.new
    ]
    await insert_rows(session, Reminder, rows, Clash.SKIP)


async def drop(session: AsyncSession, keys: Iterable[Row]) -> None:
    """Cancelled, or put on the log."""
    bound = [{f"of_{name}": key[name] for name in ("subject", "turn", "at")} for key in keys]
    if bound:
        connection = await session.connection()
        await connection.execute(_DROP, sorted(bound, key=_order))


_DROP = delete(Reminder).where(
    col(Reminder.subject) == bindparam("of_subject"),
    col(Reminder.turn) == bindparam("of_turn"),
    col(Reminder.at) == bindparam("of_at"),
)


def _order(bound: Row) -> tuple[object, ...]:
    return tuple(bound.values())


def _key(subject: str, one: CoreReminder) -> dict[str, object]:
    return {"subject": subject, "turn": one.turn.value, "at": one.at}
