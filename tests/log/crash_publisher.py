"""A process to kill: publishes numbers from where the last one came to, without end.

Usage: crash_publisher.py URL. It says "open" once it may publish.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from service.log import CHANGES, Record, open_log


async def main(url: str) -> None:
    async with (
        open_log(url, lambda: datetime.now(UTC)) as log,
        log.publisher(CHANGES) as publisher,
    ):
        os.write(1, b"open\n")
        while True:
            last = publisher.position + 7
            numbers = range(publisher.position + 1, last + 1)
            await publisher.publish([Record(str(n % 5), b"%d" % n) for n in numbers], last)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
