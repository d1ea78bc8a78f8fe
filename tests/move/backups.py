"""Copies that are taken while events flow, and put back later, in both modes."""

import asyncio
import shutil
import sqlite3
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

from service.log import TOPICS, open_log
from service.move.tail import read_tail
from service.runtime import utc_now
from tests.journey.places import Distributed, Folder
from tests.journey.running import Json


class Files:
    """Two SQLite files, copied by SQLite's own backup, and put back where they were."""

    moves = False
    reason = "older than its log"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: Json = dict(Folder(folder).settings)

    async def prepare(self) -> None:
        """Files are made when they are opened."""

    async def copy_books(self) -> None:
        await asyncio.to_thread(self._copy, "books.db")

    async def copy_log(self) -> None:
        await asyncio.to_thread(self._copy, "log.db")

    async def restore_books(self) -> None:
        self._restore("books.db")

    async def restore_log(self) -> None:
        self._restore("log.db")

    def _copy(self, name: str) -> None:
        with (
            closing(sqlite3.connect(self.folder / name, timeout=30)) as live,
            closing(sqlite3.connect(self.folder / f"{name}.backup")) as copy,
        ):
            live.backup(copy)

    def _restore(self, name: str) -> None:
        for beside in ("-wal", "-shm"):
            (self.folder / f"{name}{beside}").unlink(missing_ok=True)
        shutil.copy(self.folder / f"{name}.backup", self.folder / name)

    async def clear(self) -> None:
        """The folder goes by itself."""


@dataclass
class Servers:
    """A database copied by `pg_dump`, and a prefix of topics, of which a copy ends earlier.

    It is restored as another database, so that it may be a copy beside the first.
    """

    moves = True
    reason = "copy of one elsewhere"

    kafka: str
    postgres: str
    folder: Path
    settings: Json = field(default_factory=dict)
    ends: dict = field(default_factory=dict)
    made: list[Distributed] = field(default_factory=list)

    async def prepare(self) -> None:
        self.settings = dict((await self._make()).settings)

    async def copy_books(self) -> None:
        await run("pg_dump", "--file", f"{self.folder}/books.sql", self.settings["database_url"])

    async def copy_log(self) -> None:
        async with open_log(self.settings["log_url"], utc_now) as log:
            self.ends = {topic: dict(await log.ends(topic)) for topic in TOPICS}

    async def restore_books(self) -> None:
        new = (await self._make()).settings["database_url"]
        script = ("--set", "ON_ERROR_STOP=1", "--quiet", "--file", f"{self.folder}/books.sql")
        await run("psql", *script, make_url(new).render_as_string(hide_password=False))
        self.settings["database_url"] = new

    async def restore_log(self) -> None:
        """As far as it had come then, in a new prefix: Kafka has no backup of its own."""
        new = (await self._make()).settings["log_url"]
        async with (
            open_log(self.settings["log_url"], utc_now) as old,
            open_log(new, utc_now) as log,
        ):
            await log.prepare()
            for topic in TOPICS:
                async with aclosing(read_tail(old, topic, {})) as batches:
                    async for one in batches:
                        end = self.ends[topic][one.partition]
                        await log.append(topic, [r for r in one.records if r.offset < end])
        self.settings["log_url"] = new

    async def _make(self) -> Distributed:
        place = Distributed(self.kafka, self.postgres)
        await place.prepare()
        self.made.append(place)
        return place

    async def clear(self) -> None:
        for place in self.made:
            await place.clear()


async def run(*words: str) -> None:
    """A program that must do it."""
    program = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await program.communicate()
    assert program.returncode == 0, said.decode()
