"""Events: each has an outcome that fits, and counts where it should.

A claim waits only for what has not come.
"""

from collections.abc import AsyncIterator
from typing import Any

from service.core.change.change import change_id
from service.core.change.derive import Outcome
from service.core.event import Handling
from service.store.audit import read_events, read_naming, read_unheard, read_waiting
from service.verify.books import Books
from service.verify.finding import Finding
from service.verify.numbers import Numbers

CHECK = "events"
ENDS = frozenset(Outcome) - {Outcome.DUPLICATE}
WITHOUT_SUBJECT = frozenset({Outcome.WAITING, Outcome.QUARANTINED})


async def check_events(books: Books) -> AsyncIterator[Finding]:
    """By number."""
    numbers = Numbers(CHECK, "event", books.given.get("events", 0), books.kept_since)
    async for rows in books.pages(CHECK, read_events):
        for row in rows:
            for one in numbers.meet(row.number, row.accepted_at):
                yield one
            said = _judge(row, is_old=row.accepted_at < books.kept_since)
            if said:
                yield Finding(CHECK, name_event(row), said)
    for one in numbers.end():
        yield one


async def check_waiting(books: Books) -> AsyncIterator[Finding]:
    """Claims that wait, by number."""
    async for rows in books.pages("waiting", read_waiting):
        for row in rows:
            if row.came is not None and row.ended not in WITHOUT_SUBJECT:
                about = f"event {row.came} ({row.about_source} {row.about_id})"
                yield Finding("waiting", name_event(row), f"waits for {about}, which has come")


async def check_heard(books: Books) -> AsyncIterator[Finding]:
    """What names others counts wherever it speaks of, by number."""
    async for rows in books.pages("heard", read_naming):
        for row in await read_unheard(books.session, rows[0].number, rows[-1].number):
            said = f"speaks of what counts in {row.place}, and does not count there"
            yield Finding("heard", name_event(row), said)


def name_event(row: Any) -> str:
    """As people find it."""
    return f"event {row.number} ({row.source} {row.id})"


def _judge(row: Any, *, is_old: bool) -> str:
    if row.outcome not in ENDS:
        return f"has the outcome {row.outcome!r}, in which no event ends"
    if row.about_id and not row.is_noted:
        return "assesses an event, which could not find it"
    return _judge_change(row, is_old=is_old) or _judge_subject(row)


def _judge_change(row: Any, *, is_old: bool) -> str:
    if (row.outcome == Outcome.CHANGED) != (row.change_id is not None):
        named = f"names change {row.change_id}" if row.change_id else "names no change"
        return f"has the outcome {row.outcome}, and {named}"
    if row.change_id is None:
        return ""
    named = f"names change {row.change_id}"
    if row.change_id != change_id((row.source, row.id), row.subject or ""):
        return f"{named}, which no event of its identity and subject makes"
    if row.found is None:
        return "" if is_old else f"{named}, which is not there"
    if row.of_change != row.subject:
        return f"is about {row.subject}, and {named}, which is about {row.of_change}"
    return (
        "" if row.mode == row.handling else f"is {row.handling}, and {named}, which is {row.mode}"
    )


def _judge_subject(row: Any) -> str:
    if row.outcome in WITHOUT_SUBJECT:
        if row.subject is not None:
            return f"has the outcome {row.outcome}, and yet the subject {row.subject}"
        return "" if row.about_id else f"has the outcome {row.outcome}, and is no claim"
    if row.subject is None:
        return f"has the outcome {row.outcome}, and no subject"
    if row.key is None and row.handling != Handling.TEST:
        return f"is about {row.subject}, which is no subject of the books"
    return ""
