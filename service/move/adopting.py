"""`tariffwire adopt`: this log and this database belong together from now on."""

import secrets
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from service.log import Clock, Log, open_log
from service.move.refusing import CannotAdopt
from service.settings import Settings
from service.store.database import Database, open_database
from service.store.installation.adoption import adopt_log
from service.store.installation.identity import know_self, read_ends
from service.store.leases import list_leases
from service.store.migrations import migrate


@dataclass(frozen=True, slots=True)
class Adopted:
    """Of which deployment, which log; quarantined inputs that made way for those of the log."""

    deployment: str
    log_id: str
    made_way: int


async def adopt(settings: Settings, clock: Clock, *, is_stopped: bool) -> Adopted:
    """The log is read from its start, sending is held, and the log says whose it is.

    `is_stopped`: a person says that no process of the installation runs. A log that one process
    writes shows that by its lock; where it cannot be seen, it must be said.
    """
    async with (
        open_database(settings.database_url) as db,
        open_log(settings.log_url, clock) as log,
    ):
        await log.prepare()
        await migrate(db)
        if not is_stopped:
            await _refuse_running(db, clock)
        return await _adopt(db, log, settings.deployment, clock)


async def _refuse_running(db: Database, clock: Clock) -> None:
    if not db.is_shared:
        return  # the log's lock has shown that nobody else is there
    async with db.read() as session:
        leases = await list_leases(session)
    now = clock()
    alive = sorted(name for name, one in leases.items() if one.until > now)
    seen = f"these leases are alive: {', '.join(alive)}" if alive else "nothing here shows whether"
    raise CannotAdopt(
        f"{CannotAdopt.__doc__} No process may run on this database meanwhile, and {seen}"
        f"{'' if alive else ' one does'}. Stop all of them, then say so with --yes."
    )


async def _adopt(db: Database, log: Log, name: str, clock: Clock) -> Adopted:
    async def work(session: AsyncSession) -> tuple[str, int]:
        deployment = await know_self(session, fresh)
        return deployment, await adopt_log(session, log.id, ends, name, clock())

    fresh, ends = secrets.token_hex(8), await read_ends(log)
    deployment, made_way = await db.run_write(work)
    places = [*ends, *(place for place in await log.marks() if place not in ends)]
    await log.mark(deployment, dict.fromkeys(places, 0))
    return Adopted(deployment, log.id, made_way)
