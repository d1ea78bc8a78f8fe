"""Does one role's work until nothing is left, unless a crash point ends the process.

`dying.py publish DATABASE_URL LOG_URL`, or `dying.py send DATABASE_URL`.
"""

import asyncio
import sys

from service.dispatch.http import WebhookSender
from service.dispatch.publish import Courier
from service.log import open_log
from service.store.database import open_database
from tests.books import Watch
from tests.dispatch.office import make_dispatcher, send_all


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


if __name__ == "__main__":
    role, *urls = sys.argv[1:]
    asyncio.run({"publish": publish, "send": send}[role](*urls))
