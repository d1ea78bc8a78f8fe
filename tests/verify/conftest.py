"""The year 2025 in the books, on its way and partly delivered: made once a kind of database."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from service.core.sending.delivery import Delivered, Reply
from service.dispatch.plan import Planner
from service.events_of_2025 import read_year
from service.log import Log, open_log
from service.store.arrivals.progress import list_places
from service.store.database import Database, open_database
from service.store.delivery.holding import disable
from service.store.delivery.settling import Transmitted, settle
from service.telemetry import Metrics
from tests.books import NOW, Watch, add_receiver, consumer_of, silent, subscribe, write
from tests.core.builders import claim as verdict
from tests.core.builders import measure, threat
from tests.databases import KINDS, make_database
from tests.dispatch.office import claim_for

CLAIMED = 60
ENDED = NOW + timedelta(minutes=1)
EARLY = [verdict("early", "late"), verdict("earlier", "early", "denied"), threat("late")]
"""Claims that came before what they are about, in a chain."""
TRIAL = measure("trial", rate="25", effective_at="2025-04-10", handling="test")
UNSEEN = verdict("so", "never-seen")


@dataclass(frozen=True)
class Made:
    """A database with the year in it, and the log that it was read from."""

    url: str
    log: Path


@pytest.fixture(scope="session", params=KINDS)
def made(request, tmp_path_factory, migrated):
    """Copied by each test: no test may spoil it for another."""
    folder = tmp_path_factory.mktemp("year")
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(migrated, folder / 'books.db')}"
        asyncio.run(_live_through(url, folder / "log.db"))
        yield Made(url, folder / "log.db")
        return
    server = request.getfixturevalue("postgres_url")
    with make_database(server, request.getfixturevalue("migrated_on_server")) as url:
        asyncio.run(_live_through(url, folder / "log.db"))
        yield Made(url, folder / "log.db")


@pytest.fixture
def database_url(made, tmp_path, request):
    """A copy of the year."""
    if made.url.startswith("sqlite"):
        path = made.url.removeprefix("sqlite:///")
        yield f"sqlite:///{shutil.copy(path, tmp_path / 'books.db')}"
        return
    with make_database(request.getfixturevalue("postgres_url"), made.url) as url:
        yield url


@pytest.fixture
def log_path(made, tmp_path) -> Path:
    """A copy of its log."""
    return Path(shutil.copy(made.log, tmp_path / "log.db"))


@pytest.fixture
async def log(log_path):
    async with open_log(f"sqlite:///{log_path}", Watch()) as opened:
        yield opened


async def _live_through(url: str, log_path: Path) -> None:
    async with (
        open_database(url) as db,
        open_log(f"sqlite:///{log_path}", Watch()) as log,
    ):
        for name in ("first", "second", "stopped"):
            await add_receiver(db, name)
            await subscribe(db, f"sub-{name}", [name])
        await _consume(db, log)
        planner = Planner(db, Watch(), Metrics(), silent)
        while await planner.step():
            pass
        async with db.write() as session:
            await disable(session, "stopped", "a test", NOW)
            claimed = await claim_for(session, "lease", NOW, CLAIMED)
            done = [
                Transmitted(one, b"", "", Reply(accepted=True, status=204, reason="ok"),
                            Delivered(), ENDED)
                for one in claimed
            ]  # fmt: skip
            await settle(session, "lease", done)


async def _consume(db: Database, log: Log) -> None:
    events = [event | {"handling": "simulated"} for event in read_year()]
    await log.append("tariffs", [write(event) for event in [*EARLY, *events, TRIAL, UNSEEN]])
    consumer = asyncio.create_task(consumer_of(db, log).follow())
    end = (await log.ends("tariffs"))[0]
    while True:
        async with db.read() as session:
            places = await list_places(session)
        if places and places["tariffs", 0].next == end:
            break
        await asyncio.sleep(0.01)
    consumer.cancel()
    with suppress(asyncio.CancelledError):
        await consumer
