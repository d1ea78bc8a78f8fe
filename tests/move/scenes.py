"""An embedded installation in the middle of the year 2025, with something in every state."""

import asyncio
import shutil
import sqlite3
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from service.events_of_2025 import read_year
from service.log import TOPICS, Log, Record
from service.log.writer import unpack
from service.move import Place
from service.move.tail import read_tail
from service.store.delivery.tables import Attempt, Delivery
from tests.books import rows
from tests.journey.places import Folder
from tests.journey.running import PATIENCE, Json, Service, path_at, run_service
from tests.receivers import Answer, HttpReceiver

YEAR = [event | {"handling": "simulated"} for event in read_year()]
DELIVERED, HELD, RETRIED, PLANNED = YEAR[:30], YEAR[30:45], YEAR[45:55], YEAR[55:65]
CONSUMED, UNREAD = YEAR[:65], YEAR[65:]
GARBAGE = Record("any", b"\x00\xff not an event")
STRANGE = Record(
    "\x00key", b'{"unread": "and no event"}', (("h\u00e4ad", b"\x00\xfe\xff"), ("", b""))
)
NO_SEND = ("api", "consume", "plan", "publish", "clock")


@dataclass(frozen=True)
class Standing:
    """A place that is there before a service comes, and stays."""

    settings: dict = field(default_factory=dict)

    async def prepare(self) -> None:
        """It is."""

    async def clear(self) -> None:
        """Others look at it yet."""


@dataclass(frozen=True)
class Scene:
    """Where it is, and the destination that is paused."""

    folder: Path
    paused: str = ""

    @property
    def settings(self) -> Json:
        return dict(Folder(self.folder).settings)

    @property
    def place(self) -> Place:
        return place_of(self.settings)

    def read_unread(self) -> list[tuple]:
        """Records behind the bookmarks, from the files themselves."""
        with (
            closing(sqlite3.connect(self.folder / "books.db")) as books,
            closing(sqlite3.connect(self.folder / "log.db")) as log,
        ):
            places = dict(books.execute("SELECT topic, next FROM progress"))
            asked = "SELECT topic, offset, key, value, headers FROM records"
            return [
                (topic, key, value, unpack(headers))
                for topic, offset, key, value, headers in log.execute(asked)
                if topic in TOPICS and offset >= places.get(topic, 0)
            ]

    def copy(self, folder: Path) -> "Scene":
        shutil.copytree(self.folder, folder)
        return Scene(folder, self.paused)


def place_of(settings: Json) -> Place:
    """The URLs alone."""
    return Place(settings["database_url"], settings["log_url"])


def silent(_name: str, _done: int, _total: int) -> None:
    """Nobody watches."""


async def read_all(log: Log) -> list[tuple]:
    """Every record that consumers would read."""
    found = []
    for topic in TOPICS:
        async with aclosing(read_tail(log, topic, {})) as batches:
            async for batch in batches:
                found += [(topic, one.key, one.value, one.headers) for one in batch.records]
    return found


async def page_through(service: Service, path: str) -> list[Json]:
    """All items."""
    page = await service.ask(path, limit=200)
    found = page["items"]
    while page["next"]:
        page = await service.ask(path, limit=200, cursor=page["next"])
        found += page["items"]
    return found


@asynccontextmanager
async def serving(settings: Json, **more: object):
    """The service at a place that is there."""
    async with run_service(Standing({**settings, **more})) as service:
        yield service


async def play_first_half(folder: Path, receiver: HttpReceiver) -> Scene:
    """Delivered, held, retried, planned, quarantined and unread: some of each."""
    scene = Scene(folder)
    async with serving(scene.settings) as service:
        for name in ("everything", "paused"):
            await service.subscribe(name=name, lanes=[{}], url=path_at(receiver, name))
        await service.subscribe(name="china", country="CN", url=path_at(receiver, "china"))
        await service.send(*DELIVERED)
        await service.settle()
        paused = await _pause(service, "/paused")
        await service.send(*HELD)
        await service.settle()
        receiver.answer = Answer(status=503)
        await service.send(*RETRIED)
        await service.runtime.log.append("tariffs", [GARBAGE])
        await until(lambda: _is_folded(service))
        await until(lambda: _is_attempted(service))
    async with serving(scene.settings, roles=NO_SEND) as service:
        await service.send(*PLANNED)
        await until(lambda: _is_folded(service))
    async with serving(scene.settings, roles=("api",)) as service:
        await service.send(*UNREAD)
        await service.runtime.log.append("negotiations", [STRANGE])
    receiver.answer = Answer()
    return Scene(folder, paused)


async def until(ask) -> None:
    """It becomes true, or the test fails."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await ask():
                return
            await asyncio.sleep(0.05)


async def _pause(service: Service, path: str) -> str:
    for one in (await service.ask("/v1/destinations"))["items"]:
        if one["url"].endswith(path):
            answer = await service.api.patch(
                f"/v1/destinations/{one['id']}", json={"state": "paused"}
            )
            assert answer.status_code == 200, answer.text
            return one["id"]
    raise LookupError(path)


async def _is_folded(service: Service) -> bool:
    stages = (await service.ask("/v1/status"))["stages"]
    return stages["event"]["waiting"] == stages["match"]["waiting"] == 0


async def _is_attempted(service: Service) -> bool:
    """Everything that waits has been tried once."""
    waiting = {name for (name,) in await rows(service.runtime.db, Delivery, "id")}
    tried = {name for (name,) in await rows(service.runtime.db, Attempt, "delivery_id")}
    return bool(waiting) and waiting <= tried
