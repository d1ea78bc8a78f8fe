"""What waits for others is let go in time, and what was told together is carried and ended once."""

from collections.abc import AsyncIterator
from typing import Any

from service.core.sending.gathering import is_bundle
from service.store.gathering.books import read_carried, read_digested, read_gathered
from service.verify.books import Books
from service.verify.finding import Finding, Kind


async def check_gathered(books: Books) -> AsyncIterator[Finding]:
    """By delivery."""
    async for rows in books.pages("gathered", read_gathered, "id"):
        for row in rows:
            name = f"held delivery {row.id}"
            if row.due_at is None or row.waits_at != row.destination_id:
                yield Finding("gathered", name, "waits for others, and nothing says until when")
            elif books.is_overdue(row.due_at):
                said = (
                    f"was to leave with others at {row.due_at.isoformat()}: does a process with"
                    " the role plan run?"
                )
                yield Finding("gathered", name, said, Kind.OVERDUE)


async def check_carried(books: Books) -> AsyncIterator[Finding]:
    """Members of bundles; then those that say they are and are not."""
    async for rows in books.pages("carried", read_carried, "id"):
        for row in rows:
            said = _judge(row)
            if said:
                yield Finding("carried", f"alert {row.id}", said)
    async for rows in books.pages("digested", read_digested, "id"):
        for row in rows:
            said = "is said to be told in another alert, and none carries it"
            yield Finding("digested", f"alert {row.id}", said)


def _judge(row: Any) -> str:
    if row.destination_id is None or row.told_at is None:
        return f"is carried by alert {row.alert_id}, and one of the two is not there"
    if row.told_at != row.destination_id:
        return f"is for {row.destination_id}, and carried by an alert to {row.told_at}"
    if not is_bundle(row.cause):
        return f"is carried by alert {row.alert_id}, whose cause is {row.cause or 'its change'}"
    return "" if row.ended else f"is told in alert {row.alert_id}, and did not end by that"
