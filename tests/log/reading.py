"""Short words for what the tests of logs do over and over."""

import asyncio
import subprocess
from contextlib import aclosing

from service.log import Position, Record


def entries(*words):
    return [Record(key=word, value=word.encode()) for word in words]


def words(batches):
    return [record.value.decode() for batch in batches for record in batch.records]


async def nowhere(_topic, _partition):
    return None


class Reader:
    """Keeps its bookmark as a database would: moved with each batch, compared before it moves."""

    def __init__(self, log):
        self.log = log
        self.marks = {}
        self.asked = []
        self.found = []

    async def bookmark(self, topic, partition):
        self.asked.append((topic, partition))
        held = self.marks.get((topic, partition))
        return None if held is None else Position(self.log.id, held)

    def take(self, batch):
        """Whether the batch begins where the bookmark stands; then it is taken."""
        place = (batch.topic, batch.partition)
        if self.marks.get(place, batch.since) != batch.since:
            return False
        self.marks[place] = batch.next
        self.found += [record.value.decode("utf-8", "replace") for record in batch.records]
        return True

    async def read(self, count, topics=("tariffs",), limit=500):
        """Until `count` records were taken, in all."""
        async with asyncio.timeout(60), aclosing(self.follow(topics, limit)) as batches:
            batch = await anext(batches)
            while True:
                taken = self.take(batch)
                if len(self.found) >= count:
                    return
                batch = await batches.asend(taken)

    def follow(self, topics=("tariffs",), limit=500):
        return self.log.follow(topics, self.bookmark, limit=limit)


def produce(bootstrap, topic, value, *options):
    """By `kcat`, which is not ours. Options are its own, as bytes or text."""
    subprocess.run(
        ["kcat", "-P", "-q", "-b", bootstrap, "-t", topic, *options],
        input=value,
        check=True,
        timeout=60,
    )
