"""A process that brings the books at a URL to the schema of this release."""

import asyncio
import sys

from service.store.database import open_database
from service.store.migrations import migrate


async def run(url):
    async with open_database(url) as database:
        await migrate(database)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
