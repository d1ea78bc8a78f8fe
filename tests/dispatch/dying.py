"""Does one role's work until nothing is left, unless a crash point ends the process.

`dying.py publish DATABASE_URL LOG_URL`, or `dying.py send|errand|gather DATABASE_URL`.
"""

import asyncio
import sys

from service.dispatch.http import WebhookSender
from service.dispatch.publish import Courier
from service.log import open_log
from service.store.database import open_database
from service.store.steering import errands
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


ROLES = {"publish": publish, "send": send, "errand": errand, "gather": gather}

if __name__ == "__main__":
    role, *urls = sys.argv[1:]
    asyncio.run(ROLES[role](*urls))
