"""Decisions: nothing is sent that a person stopped, and nothing waits for a word never said."""

from collections.abc import AsyncIterator
from typing import Any

from service.core.sending.steering import STOPPED, Word, recall_cause
from service.store.steering.books import (
    find_working,
    read_corrections,
    read_deeds,
    read_errands,
    read_former,
    read_stopped,
    read_stops,
)
from service.store.steering.errands import name_change
from service.verify.books import Books
from service.verify.finding import Finding, Kind
from service.verify.numbers import Numbers

WAITING = frozenset({Word.AWAITING, Word.HALTED})
"""Words after which planning may go on."""


async def check_deeds(books: Books) -> AsyncIterator[Finding]:
    """By number."""
    numbers = Numbers("audit", "deed", books.given.get("audit", 0), books.kept_since)
    async for rows in books.pages("audit", read_deeds):
        for row in rows:
            for one in numbers.meet(row.number, row.at):
                yield one
    for one in numbers.end():
        yield one


async def check_stops(books: Books) -> AsyncIterator[Finding]:
    """Fan-outs that were stopped, then what is held for it."""
    async for rows in books.pages("stops", read_stops):
        working = await find_working(books.session, [name_change(row.change_id) for row in rows])
        for row in rows:
            said = _judge_stop(row, is_in_hand=name_change(row.change_id) in working)
            if said:
                yield Finding("stops", f"the fan-out of change {row.number}", said)
    async for rows in books.pages("stopped", read_stopped, "id"):
        working = await find_working(books.session, [name_change(row.change_id) for row in rows])
        for row in rows:
            holder = row.owner.partition(":")[0]
            if row.state != _WORDS[holder] and name_change(row.change_id) not in working:
                said = f"is held for a {holder}, and its change is {row.state or 'not stopped'}"
                yield Finding("stopped", f"held delivery {row.id}", said)


_WORDS = {"halt": Word.HALTED, "recall": Word.RECALLED}


def _judge_stop(row: Any, *, is_in_hand: bool) -> str:
    if row.state not in set(Word):
        return f"has the state {row.state!r}, which nobody can say"
    if row.is_open and row.state in STOPPED:
        return f"is being planned, although it is {row.state}"
    if row.is_unfinished and row.state not in WAITING:
        return "is to go on when it is let go, and nobody holds it back"
    if row.state == Word.AWAITING and not row.is_unfinished:
        return "waits for approval, and would not go on after it"
    if row.live and row.state in STOPPED and not is_in_hand:
        return f"is {row.state}, and a delivery of it is on its way"
    return ""


async def check_errands(books: Books) -> AsyncIterator[Finding]:
    """Those that are not finished."""
    async for rows in books.pages("errands", read_errands, "object"):
        for row in rows:
            if books.is_overdue(row.due_at):
                said = (
                    f"has been due since {row.due_at.isoformat()}: does a process with the role"
                    " plan run?"
                )
                name = f"the {row.kind} of {row.object}"
                yield Finding("errands", name, said, Kind.OVERDUE)


async def check_corrections(books: Books) -> AsyncIterator[Finding]:
    """Alerts that take another back."""
    async for rows in books.pages("corrections", read_corrections):
        for row in rows:
            said = ""
            if row.cause != recall_cause(row.change_id):
                said = f"has the cause {row.cause}, and is about change {row.change_id}"
            elif row.state != Word.RECALLED:
                said = f"takes back change {row.change_id}, which was not recalled"
            if said:
                yield Finding("corrections", f"alert {row.number} ({row.id})", said)


async def check_former(books: Books) -> AsyncIterator[Finding]:
    """What was sent again: attempts go on counting."""
    async for rows in books.pages("former", read_former, "id"):
        for row in rows:
            said = ""
            if row.alert is None:
                said = "belongs to no alert"
            elif row.since is not None and row.since < row.before:
                said = f"counts {row.before} attempts, and its delivery has come to {row.since}"
            if said:
                yield Finding("former", f"former receipt of {row.id}", said)
