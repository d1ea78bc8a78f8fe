"""`tariffwire move --undo`: back to where an installation was, while nobody has served the new."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from service.log import Clock, open_log
from service.move.moving import Place, show
from service.move.refusing import CannotMove
from service.store.database import lock_names, open_database
from service.store.installation.identity import know_deployment
from service.store.installation.moved import (
    LOCK,
    State,
    find_arrival,
    find_departure,
    forget_departure,
    note_arrival,
)


async def undo(home: Place, there: Place, clock: Clock) -> str:
    """First the new database is closed, then the old one opened; the deployment's id."""
    async with open_log(home.log, clock), open_database(home.database) as old:
        departure = await old.run_read(find_departure)
        if departure is None:
            raise CannotMove("This installation has not moved: there is nothing to undo.")
        if departure.database != show(there.database):
            # An earlier attempt may stand there: to close that one would leave two in service.
            raise CannotMove(f"This installation moved to {departure.database}: name that one.")
        deployment = await old.run_read(know_deployment)
        async with open_database(there.database) as new:
            await new.run_write(lambda session: _close(session, deployment))
        await old.run_write(forget_departure)
        return deployment


async def _close(session: AsyncSession, deployment: str) -> None:
    await lock_names(session, exclusive=[LOCK])
    arrival = await find_arrival(session)
    if arrival is None or arrival.deployment != deployment:
        raise CannotMove("This installation was not moved into that database: name the right one.")
    if arrival.state is State.SERVED:
        raise CannotMove(
            "It has been served at the new place since, and what happened there is not known"
            " here: go on there."
        )
    await note_arrival(session, replace(arrival, state=State.UNDONE))
