"""`tariffwire quarantine`: take a record that stops a partition out of the way, by hand.

The service must not run meanwhile; the log's lock sees to that.
"""

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exits import NotAside
from service.cli.setup import read_own_settings, run
from service.cli.terminal import Json, Terminal
from service.settings import Settings

if TYPE_CHECKING:
    from service.log import Batch, Log, Position
    from service.store.database import Database

REASON = "set aside by hand: it stopped its partition"


def join(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("quarantine")(quarantine)


def quarantine(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help="tariffs or negotiations")],
    partition: Annotated[int, typer.Argument(min=0)],
    offset: Annotated[int, typer.Argument(min=0)],
    *,
    as_json: Json = False,
) -> None:
    """Set aside the record that stops a partition, and go on behind it. Stop the service first.

    Only the record at which the partition stands can be set aside; its bytes are kept.
    """
    terminal: Terminal = context.obj
    entry = run(_set_aside(read_own_settings(), topic, partition, offset))
    if as_json:
        terminal.answer({"quarantined": entry})
    else:
        terminal.say(
            ("set aside ", "green"),
            f"{entry}; once the fault is mended, send it again with "
            f"POST /v1/quarantine/{entry}/replay",
        )


async def _set_aside(settings: Settings, topic: str, partition: int, offset: int) -> str:
    """Its bytes into the quarantine and the bookmark past it, in one transaction."""
    from consumers.consumer import TOPICS
    from consumers.ledger import Ledger, read_arrival
    from service.core.standing.naming import Directory
    from service.log import open_log
    from service.runtime import utc_now
    from service.store.arrivals.progress import move_bookmark
    from service.store.database import open_database
    from service.store.migrations import migrate
    from service.store.standings.events import record_effects

    if topic not in TOPICS:
        raise NotAside(f"there is no topic {topic!r}; the topics are {', '.join(TOPICS)}")
    async with (
        open_database(settings.database_url) as db,
        open_log(settings.log_url, utc_now) as log,
    ):
        await migrate(db)
        batch = await _next_record(db, log, topic, partition)
        record = batch.records[0]
        if record.offset != offset:
            said = f"{topic}/{partition} stands at offset {record.offset}, not at {offset}"
            raise NotAside(f"{said}: only the record that is next can be set aside")
        ledger = Ledger(topic, partition, utc_now(), {}, {}, Directory())
        ledger.quarantine(replace(read_arrival(record), event=None), REASON)
        async with db.write() as session:
            await move_bookmark(session, batch, log.id)
            await record_effects(session, ledger.close(), 0, 0, ledger.now)
    return f"{topic}-{partition}-{offset}"


async def _next_record(db: "Database", log: "Log", topic: str, partition: int) -> "Batch":
    """The batch of the one record at which the partition stands."""
    from service.store.arrivals.progress import find_bookmark

    async with db.read() as session:
        place = await find_bookmark(session, topic, partition)

    async def bookmark(_topic: str, number: int) -> "Position | None":
        return place if number == partition else None

    end = (await log.ends(topic)).get(partition, 0)
    if end <= (place.next if place else 0):
        raise NotAside(f"{topic}/{partition} has been read to its end ({end}): nothing stops it")
    async with aclosing(log.follow([topic], bookmark, limit=1)) as batches:
        async for batch in batches:
            if batch.partition == partition:
                return batch
    raise NotAside(f"the log ended before {topic}/{partition} was read")
