"""Does one role's work until nothing is left, unless a crash point ends the process.

`dying.py publish DATABASE_URL LOG_URL`, or `dying.py send|errand|gather|care DATABASE_URL`.
"""

import asyncio
import sys
from types import SimpleNamespace

from service.dispatch.http import WebhookSender
from service.dispatch.publish import Courier
from service.log import open_log
from service.runtime.opening import Bells
from service.runtime.owners import care_for_failing
from service.settings import Settings
from service.store.database import open_database
from service.store.steering import errands
from service.telemetry import Metrics
from tests.books import Watch
from tests.dispatch.gathering import let_go
from tests.dispatch.office import make_dispatcher, send_all
from tests.dispatch.steering import run_errands


async def publish(database_url: str, log_url: str) -> None:
    clock = Watch()
    async with open_database(database_url) as db, open_log(log_url, clock) as log:
        courier = Courier(db, log, clock, "test", "dying")
        while await courier.step():
            pass
        await courier.close()


async def send(database_url: str) -> None:
    async with open_database(database_url) as db, WebhookSender(loopback_allowed=True) as sender:
        await send_all(make_dispatcher(db, Watch(), {"webhook": sender}, holder="dying"))


async def errand(database_url: str) -> None:
    errands._OF_CHANGE = errands._OF_CHANGE.limit(2)
    errands.PAGE = 2
    async with open_database(database_url) as db:
        await run_errands(db, Watch())


async def gather(database_url: str) -> None:
    async with open_database(database_url) as db:
        await let_go(db, Watch())


async def care(database_url: str) -> None:
    """Three days later, what a clock does for the owners of destinations; it needs no log."""
    clock = Watch()
    clock.advance(hours=74)
    settings = Settings(database_url=database_url)
    async with open_database(database_url) as db:
        parts = {"settings": settings, "clock": clock, "db": db, "metrics": Metrics()}
        await care_for_failing(SimpleNamespace(**parts, bells=Bells(db)))


ROLES = {"publish": publish, "send": send, "errand": errand, "gather": gather, "care": care}

if __name__ == "__main__":
    role, *urls = sys.argv[1:]
    asyncio.run(ROLES[role](*urls))
