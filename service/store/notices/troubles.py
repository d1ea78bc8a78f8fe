"""Destinations in trouble: their owners are warned, told of the end, and told when it is over.

Each function looks again, for another process may have told it meanwhile; None: nothing is to be
told. What is told is marked in the same transaction, so that it is told once.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.destination.optin import ACTIVE
from service.core.sending.notice import (
    STOPPED,
    Disabled,
    Failing,
    Notice,
    Recovered,
    notice_id,
    reach,
)
from service.store.delivery.holding import DISABLED
from service.store.mail.suppressed import find_suppression
from service.store.notices.cases import Case, Known, open_case
from service.store.notices.channel import Terms
from service.store.notices.facts import Facts, look_into
from service.store.notices.marking import DUE, KEPT, TOLD, forget_trouble, mark
from service.store.notices.telling import Telling, tell


async def warn(
    session: AsyncSession, destination_id: str, terms: Terms, now: datetime
) -> Telling | None:
    """That it fails, at each step once; of several that were missed, the highest alone."""
    case = await open_case(session, destination_id, terms, now)
    since = case.health.failing_since if case else None
    if case is None or since is None or case.about.state != ACTIVE:
        return None
    step = reach(since, now, terms.patience)
    if step <= (case.known.step if case.known and case.known.since == since else 0):
        return None
    facts = await look_into(session, destination_id)
    await mark(session, destination_id, since, step, _word(facts))
    notice = Failing(
        about=case.place,
        at=now,
        zone=case.zone,
        percent=step,
        since=since,
        failures=case.health.failures,
        last_error=facts.last_error,
        waiting=facts.waiting,
        disabled_at=since + terms.patience,
        keep_days=terms.keep_days,
    )
    identity = notice_id(destination_id, notice.kind, since.isoformat(), step)
    return await _tell(session, case, identity, notice, is_kept=facts.is_own)


async def tell_disabled(
    session: AsyncSession, destination_id: str, terms: Terms, now: datetime
) -> Telling | None:
    """That nothing is sent there any more, unless it was enabled before anybody was told."""
    case = await open_case(session, destination_id, terms, now)
    if case is None or case.known is None or case.known.word != DUE:
        return None
    if case.about.state != DISABLED:
        await forget_trouble(session, destination_id)
        return None
    at = case.known.since
    facts = await look_into(session, destination_id)
    await mark(session, destination_id, at, STOPPED, _word(facts))
    notice = Disabled(
        about=case.place,
        at=now,
        zone=case.zone,
        since=case.health.failing_since,
        failures=case.health.failures,
        last_error=facts.last_error,
        waiting=facts.waiting,
        disabled_at=at,
        keep_days=terms.keep_days,
        reason=case.about.reason,
        is_suppressed=await _is_suppressed(session, case),
    )
    identity = notice_id(destination_id, notice.kind, at.isoformat())
    return await _tell(session, case, identity, notice, is_kept=facts.is_own)


async def tell_recovered(
    session: AsyncSession, destination_id: str, terms: Terms, now: datetime
) -> Telling | None:
    """That something arrived after a warning, or that it was enabled again."""
    case = await open_case(session, destination_id, terms, now)
    known = case.known if case else None
    if case is None or known is None or not _is_over(case, known):
        return None
    facts = await look_into(session, destination_id)
    await forget_trouble(session, destination_id)
    notice = Recovered(
        about=case.place,
        at=now,
        zone=case.zone,
        since=known.since,
        is_enabled=known.is_enabled or known.step == STOPPED,
        waiting=facts.waiting,
    )
    identity = notice_id(destination_id, notice.kind, known.since.isoformat())
    return await _tell(session, case, identity, notice, is_kept=known.word == KEPT)


def _word(facts: Facts) -> str:
    return KEPT if facts.is_own else TOLD


def _is_over(case: Case, known: Known) -> bool:
    if known.word == DUE or case.about.state != ACTIVE:
        return False
    return known.step == STOPPED or case.health.failing_since != known.since


async def _is_suppressed(session: AsyncSession, case: Case) -> bool:
    about = case.about
    return about.kind == "email" and await find_suppression(session, about.address) is not None


async def _tell(
    session: AsyncSession, case: Case, identity: UUID, notice: Notice, *, is_kept: bool
) -> Telling:
    to = None if is_kept else case.to
    if to is not None:
        await tell(session, identity, notice, to, notice.at)
    return Telling(notice.kind, case.about.id, to.id if to else "")
