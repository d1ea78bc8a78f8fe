"""Mail that came back: reports are read, written onto what they are about, and marked as seen.

What dies between the two reads them again, and writes the same once more, which is once. A message
that cannot be read is marked like the others: it would stand before them for ever.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.sending.bounce import classify_report
from service.core.sending.report import read_report
from service.dispatch.mailbox import Mailbox
from service.store.database import Database
from service.store.mail.returned import Return, record_return

log = structlog.get_logger()


async def take_returns(db: Database, mailbox: Mailbox, clock: Callable[[], datetime]) -> int:
    """How many reports were about mails of ours. Raises `MailboxUnavailable`."""
    letters = await asyncio.to_thread(_fetch, mailbox)
    if not letters:
        return 0
    found = [one for one in (_judge(name, raw) for name, raw in letters) if one]
    known = await db.run_write(partial(_record, found, clock()), name="clock")
    await asyncio.to_thread(_mark, mailbox, [name for name, _ in letters])
    if len(letters) > known:
        log.info("left alone: no bounces of ours", messages=len(letters) - known)
    return known


def _fetch(mailbox: Mailbox) -> list[tuple[str, bytes]]:
    with mailbox.visit() as visit:
        return visit.read_new()


def _mark(mailbox: Mailbox, ids: Sequence[str]) -> None:
    with mailbox.visit() as visit:
        visit.mark_seen(ids)


def _judge(name: str, raw: bytes) -> Return | None:
    try:
        report = read_report(raw)
    except Exception:  # a stranger wrote it, and the reports behind it are waiting
        log.exception("left alone: a message that cannot be read", message=name)
        return None
    if report is None:
        return None
    said = report.diagnostic or f"status {report.status}"
    kind = classify_report(report.status, report.diagnostic)
    return Return(report.mail, kind, f"it came back later: {said}")


async def _record(found: Sequence[Return], now: datetime, session: AsyncSession) -> int:
    return sum([await record_return(session, one, now) for one in found])
