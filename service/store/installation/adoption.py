"""Having a database and a log belong together from now on, whatever they said of each other."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.arrivals.tables import Quarantine
from service.store.delivery.sending import hold_sending
from service.store.installation.fit import Place
from service.store.installation.home import forget_home
from service.store.installation.identity import ASKED, JUDGED, LOG, NAME
from service.store.installation.remembered import remember
from service.store.tables import Progress

HELD = "the database was given this log by tariffwire adopt: what it repeats was sent before"


async def adopt_log(
    session: AsyncSession, log_id: str, ends: Mapping[Place, int], name: str, now: datetime
) -> int:
    """Read this log from its start, and hold sending; how many quarantined inputs made way.

    No bookmark means "from the start": what the log repeats is known by its identity.
    """
    theirs = await session.scalar(
        select(func.count()).select_from(Progress).where(col(Progress.log_id) != log_id)
    )
    await session.execute(delete(Progress))
    made_way = await make_way(session, {} if theirs else ends)
    await remember(session, {LOG: log_id, JUDGED: None, ASKED: None})
    await forget_home(session)
    if name:
        await remember(session, {NAME: name})
    await hold_sending(session, HELD, now)
    return made_way


async def make_way(session: AsyncSession, ends: Mapping[Place, int]) -> int:
    """Inputs set aside at places that a log will give again, for others; how many those are.

    Two inputs cannot stand at one place. The earlier keeps its bytes and its reason under an id
    with a number behind, at that number below zero: `tariffs-0-17` becomes `tariffs-0-17~1`.
    """
    of = (col(Quarantine.topic), col(Quarantine.partition))
    lowest = await session.execute(select(*of, func.min(col(Quarantine.position))).group_by(*of))
    least = {(topic, partition): min(0, low) for topic, partition, low in lowest}
    wanted = select(col(Quarantine.id), *of, col(Quarantine.position)).where(
        col(Quarantine.position) >= 0
    )
    moved = []
    for row in await session.execute(wanted.order_by(col(Quarantine.id))):
        place = (row.topic, row.partition)
        if row.position >= ends.get(place, 0):
            least[place] -= 1
            moved.append(
                {"of": row.id, "named": f"{row.id}~{-least[place]}", "placed": least[place]}
            )
    if moved:
        connection = await session.connection()
        await connection.execute(_MAKE_WAY, moved)
    return len(moved)


_MAKE_WAY = (
    update(Quarantine)
    .where(col(Quarantine.id) == bindparam("of"))
    .values(id=bindparam("named"), position=bindparam("placed"))
)
