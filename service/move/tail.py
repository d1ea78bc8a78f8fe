"""The records of a log that a database has not read yet, taken to another log."""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing

from service.crash import passing
from service.log import TOPICS, Batch, Log, LogMisfit, Position, Record
from service.store.installation.fit import Place

LARGEST = 500_000
"""Bytes appended at once, about: an append has a deadline."""
LIMIT = 500


async def append_tail(
    source: Log, held: Mapping[Place, Position], target: Log, present: Counter[bytes]
) -> int:
    """Append what `source` holds behind the bookmarks, in its order; how many records that is.

    `present` counts what an attempt that was interrupted appended already: it is left out.
    """
    count = 0
    for topic in TOPICS:
        async with aclosing(read_tail(source, topic, held)) as batches:
            async for batch in batches:
                count += len(batch.records)
                missing = [one for one in batch.records if not _take(present, topic, one)]
                for some in _portions(missing):
                    await target.append(topic, some)
                    passing("move.append")
    return count


async def count_present(log: Log) -> Counter[bytes]:
    """What a log holds, by the digests of its records."""
    found: Counter[bytes] = Counter()
    for topic in TOPICS:
        async with aclosing(read_tail(log, topic, {})) as batches:
            async for batch in batches:
                found.update(_digest(topic, one) for one in batch.records)
    return found


async def read_tail(log: Log, topic: str, held: Mapping[Place, Position]) -> AsyncGenerator[Batch]:
    """From the bookmarks to the ends as they are now."""
    ends = await log.ends(topic)
    behind = {one: end for one, end in ends.items() if end > _next(held, topic, one)}

    async def bookmark(_topic: str, partition: int) -> Position | None:
        if partition in behind:
            return held.get((topic, partition))
        return Position(log.id, ends.get(partition, 0))

    if not behind:
        return
    async with aclosing(log.follow([topic], bookmark, limit=LIMIT)) as batches:
        async for batch in batches:
            yield batch
            if batch.next >= behind.get(batch.partition, batch.next + 1):
                del behind[batch.partition]
            if not behind:
                return


async def find_unread(log: Log, held: Mapping[Place, Position]) -> dict[Place, Position]:
    """The bookmarks, and one at the end where there is none and nothing is left to be read.

    Such a log has dropped all it held: a reader from its start would wait for the next record.
    """
    found = dict(held)
    for topic in TOPICS:
        for partition, end in (await log.ends(topic)).items():
            place = (topic, partition)
            if place not in held and end and await _is_empty(log, place, end):
                found[place] = Position(log.id, end)
    return found


async def _is_empty(log: Log, place: Place, end: int) -> bool:
    """Whether the last record that was written is there no more."""

    async def at_last(_topic: str, partition: int) -> Position:
        return Position(log.id, end - 1 if partition == place[1] else 0)

    try:
        async with aclosing(log.follow([place[0]], at_last, limit=1)) as batches:
            await anext(batches)
    except LogMisfit:
        return True
    return False


def _next(held: Mapping[Place, Position], topic: str, partition: int) -> int:
    place = held.get((topic, partition))
    return place.next if place else 0


def _portions(records: Iterable[Record]) -> Iterator[Sequence[Record]]:
    some: list[Record] = []
    size = 0
    for one in records:
        some.append(Record(one.key, one.value, one.headers))
        size += len(one.value)
        if size >= LARGEST:
            yield some
            some, size = [], 0
    if some:
        yield some


def _take(present: Counter[bytes], topic: str, record: Record) -> bool:
    digest = _digest(topic, record)
    if not present[digest]:
        return False
    present[digest] -= 1
    return True


def _digest(topic: str, record: Record) -> bytes:
    said = repr((topic, record.key, record.value, record.headers))
    return hashlib.sha256(said.encode()).digest()
