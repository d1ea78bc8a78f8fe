"""A process to kill: appends without end, and prints each batch once it is acknowledged.

Usage: crash_writer.py URL ROUND. A line is "<key> <serial of the last record>"; serials count
from 1 for each key, and the round seeds the sizes.
"""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime

from service.log import Log, Record, open_log

WRITERS = 4


async def write(log: Log, topic: str, key: str) -> None:
    rng = random.Random(key)
    last = 0
    while True:
        first, last = last + 1, last + rng.randint(1, 40)
        await log.append(topic, [Record(key, b"%d" % n) for n in range(first, last + 1)])
        os.write(1, f"{key} {last}\n".encode())


async def main(url: str, lap: str) -> None:
    async with open_log(url, lambda: datetime.now(UTC)) as log:
        os.write(1, b"open 0\n")
        await asyncio.gather(
            *(write(log, f"topic{n % 2}", f"{lap}.{n}") for n in range(WRITERS)),
        )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
