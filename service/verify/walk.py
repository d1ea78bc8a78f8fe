"""The walk through the books, check by check; the caller may stop at the first finding."""

from collections.abc import AsyncIterator, Callable

from service.log import Log
from service.store.audit import count_given
from service.verify.alerts import (
    check_alerts,
    check_deliveries,
    check_receipts,
    check_superseded,
)
from service.verify.books import Books
from service.verify.changes import check_changes
from service.verify.decisions import (
    check_corrections,
    check_deeds,
    check_errands,
    check_former,
    check_stops,
)
from service.verify.events import check_events, check_heard, check_waiting
from service.verify.finding import Finding
from service.verify.gathering import check_carried, check_gathered
from service.verify.places import check_bookmarks, check_outboxes
from service.verify.standings import check_standings

Check = Callable[[Books], AsyncIterator[Finding]]
CHECKS: tuple[Check, ...] = (
    check_events,
    check_waiting,
    check_heard,
    check_changes,
    check_alerts,
    check_deliveries,
    check_receipts,
    check_superseded,
    check_former,
    check_gathered,
    check_carried,
    check_stops,
    check_corrections,
    check_errands,
    check_deeds,
    check_outboxes,
    check_standings,
)
"""Along the journey; the dearest last."""


async def walk(books: Books, log: Log | None = None) -> AsyncIterator[Finding]:
    """Whatever does not add up; without a log, bookmarks are not compared with it."""
    books.given = await count_given(books.session)
    async for one in check_bookmarks(books, log):
        yield one
    for check in CHECKS:
        async for one in check(books):
            yield one
