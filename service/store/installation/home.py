"""Where a database lives, so that a copy of it knows that it is one.

A copy of a server's database, made by dump and restore, believes that it is the one that it was
made from. Beside that one, on the same log, it would take partitions from it, publish in its name
and write to its customers. So until a person says that it is to take over, it touches neither log
nor receivers. Books in a file need none of this: the log beside them has one writer.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.log import LogUnavailable
from service.store.database import is_server
from service.store.delivery.sending import find_hold, hold_sending
from service.store.installation.fit import RELEASE
from service.store.installation.remembered import forget, recall, remember

HOME = "home"
CONFIRMED = "home.confirmed"
"""Set by a release, until the log has been looked at: how far receivers were told is known."""

COPIED = (
    "this database is a copy of one elsewhere, or was restored from one: until a person says that"
    " it takes over, it neither reads nor writes the log, and tells nobody; what it sends then may"
    " have been sent before, under the same ids. If the other is gone, or was moved here:"
    f" {RELEASE}. If the other goes on: give this one a log or a prefix of its own, then"
    " tariffwire adopt"
)

_LIVES = text(
    "SELECT system_identifier || '/' || pg_database.oid"
    " FROM pg_control_system(), pg_database WHERE datname = current_database()"
)


class Copied(LogUnavailable):
    """The log is not for this database, as long as it may be a copy."""


async def find_home(session: AsyncSession) -> str:
    """The server's own name for this database; "" for one in a file."""
    return str(await session.scalar(_LIVES)) if is_server(session) else ""


async def settle_in(session: AsyncSession, now: datetime) -> bool:
    """Note where it lives, the first time; elsewhere later, hold sending. Whether it is a copy."""
    home = await find_home(session)
    if not home:
        return False
    known = await recall(session, HOME)
    if known in {None, home}:
        await remember(session, {HOME: home})
        return False
    reason = await find_hold(session)
    if reason is None or COPIED not in reason:
        await hold_sending(session, "; ".join(filter(None, (reason, COPIED))), now)
    return True


async def refuse_copy(session: AsyncSession) -> None:
    """`Copied` while it may be one."""
    if await recall(session, HOME) not in {None, await find_home(session)}:
        raise Copied(COPIED)


async def take_over(session: AsyncSession) -> None:
    """A person says that it is no copy, or that the other is gone."""
    home, known = await find_home(session), await recall(session, HOME)
    if known not in {None, home}:
        await remember(session, {CONFIRMED: "by a release"})
    if home:
        await remember(session, {HOME: home})


async def forget_home(session: AsyncSession) -> None:
    """It lives wherever it is served next."""
    await forget(session, HOME, CONFIRMED)
