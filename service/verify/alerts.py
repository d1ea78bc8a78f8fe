"""Alerts: each is on its way, held or ended, and only one of these; nothing else is sent."""

from collections.abc import AsyncIterator
from typing import Any

from service.core.sending.delivery import State
from service.core.sending.notice import is_notice
from service.store.audit import (
    read_alerts,
    read_deliveries,
    read_held,
    read_receipts,
    read_superseded,
)
from service.verify.books import Books
from service.verify.finding import Finding, Kind
from service.verify.numbers import Numbers


async def check_alerts(books: Books) -> AsyncIterator[Finding]:
    """By number."""
    numbers = Numbers("alerts", "alert", books.given.get("alerts", 0), books.kept_since)
    async for rows in books.pages("alerts", read_alerts):
        for row in rows:
            for one in numbers.meet(row.number, row.created_at):
                yield one
            said = _judge(row, is_old=row.created_at < books.kept_since)
            if said:
                yield Finding("alerts", f"alert {row.number} ({row.id})", said)
    for one in numbers.end():
        yield one


def _judge(row: Any, *, is_old: bool) -> str:
    if row.found is None and not is_old:
        what = "notice" if is_notice(row.cause) else "change"
        return f"tells of {what} {row.change_id}, which is not there"
    stands = [
        said
        for said, is_so in (
            ("on its way", row.live),
            ("held", row.held),
            ("ended by a receipt", row.ended),
        )
        if is_so
    ]
    if not stands:
        return "is neither on its way nor held nor ended: it would never be sent"
    return f"is {' and '.join(stands)} at once" if len(stands) > 1 else ""


async def check_deliveries(books: Books) -> AsyncIterator[Finding]:
    """Those on their way and those held."""
    async for rows in books.pages("deliveries", read_deliveries, "id"):
        for row in rows:
            one = _judge_delivery(row, books)
            if one:
                yield one
    async for rows in books.pages("held", read_held, "id"):
        for row in rows:
            yield Finding("held", f"held delivery {row.id}", _judge_held(row))


def _judge_delivery(row: Any, books: Books) -> Finding | None:
    name = f"delivery {row.id}"
    if row.alert is None:
        return Finding("deliveries", name, "belongs to no alert: it would be sent out of nowhere")
    if row.to is None:
        said = f"is on its way to {row.destination_id}, which is not there: it would never end"
        return Finding("deliveries", name, said)
    if (row.made or 0) > row.attempt:
        said = f"comes to attempt {row.attempt}, and attempt {row.made} was made"
        return Finding("deliveries", name, said)
    if row.lease is not None and books.is_overdue(row.visible_at):
        said = (
            f"was claimed by {row.lease} until {row.visible_at.isoformat()}, and nobody took it"
            " over: does a process with the role send run?"
        )
        return Finding("deliveries", name, said, Kind.OVERDUE)
    return None


def _judge_held(row: Any) -> str:
    if row.alert is None:
        return "belongs to no alert"
    if row.to is None:
        return f"is for {row.destination_id}, which is not there: it would never end"
    return f"is held for {row.owner_id}, which is not there: nobody would let it go"


async def check_receipts(books: Books) -> AsyncIterator[Finding]:
    """By delivery."""
    async for rows in books.pages("receipts", read_receipts, "id"):
        for row in rows:
            said = _judge_receipt(row)
            if said:
                yield Finding("receipts", f"receipt of {row.id}", said)


async def check_superseded(books: Books) -> AsyncIterator[Finding]:
    """What gave way to another, and each receipt that says so; by delivery."""
    async for rows in books.pages("superseded", read_superseded, "id"):
        for row in rows:
            said = _judge_superseded(row)
            if said:
                yield Finding("superseded", f"superseded delivery {row.id}", said)


def _judge_superseded(row: Any) -> str:
    if row.outcome != State.SUPERSEDED:
        return f"gave way to {row.successor}, and is {row.outcome or 'not ended'}"
    if row.successor is None:
        return "is said to have given way, and not to which alert"
    if row.later is None:
        return f"gave way to {row.successor}, which is not there"
    if (row.later_subject, row.later_destination) != (row.subject, row.destination):
        return f"gave way to {row.successor}, which tells something else, or somebody else"
    return "" if row.later > row.number else f"gave way to {row.successor}, which is older"


def _judge_receipt(row: Any) -> str:
    if row.alert is None:
        return "belongs to no alert"
    # One that failed by our own fault is not counted, and stays so if that was the last.
    uncounted = 1 if row.outcome == State.CANCELLED else 0
    if (row.made or 0) > row.attempts + uncounted:
        return f"counts {row.attempts} attempts, and attempt {row.made} was made"
    return ""
