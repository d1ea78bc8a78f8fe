"""Into the log and out of it: the adapter beside the engine's plain driver.

Appended are events of some 900 bytes, 500 at a time; read are the same. Baseline of both: bare
aiokafka with the adapter's settings (send futures, then gather; `getmany`), or bare `sqlite3`.
Bare, one by one (`send_and_wait`, a commit each), is what the batches save.
"""

import json
from datetime import UTC, datetime

from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import rate_events
from benchmarks.rooms import Ground, Room
from service.log import Log, Position, Record, open_log

AT_ONCE = 500


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    count = 10_000 if quick else 50_000
    values = [json.dumps(event).encode() for event in rate_events(count, count // 10)]
    few = values[: count // 20]
    async with ground.room() as room:
        gathered = count / await room.append_bare(values, AT_ONCE)
        read = count / await room.read_bare(count)
        one_by_one = len(few) / await room.append_one_by_one(few)
        append, follow = await _through_adapter(room, values)
    return [
        Figure(name="produce, one by one", value=one_by_one, unit="records/s", baseline=gathered),
        Figure(
            name=f"append, {AT_ONCE} at a time",
            value=append,
            unit="records/s",
            baseline=gathered,
            note=f"{len(values[-1])} bytes each",
        ),
        Figure(name="follow", value=follow, unit="records/s", baseline=read),
    ]


async def _through_adapter(room: Room, values: list[bytes]) -> tuple[float, float]:
    """Records a second, in and out."""
    async with open_log(room.log_url, lambda: datetime.now(UTC)) as log:
        await log.prepare()
        await log.append("negotiations", [Record(None, values[0])])  # its producer is started
        with stopwatch() as watch:
            for start in range(0, len(values), AT_ONCE):
                some = values[start : start + AT_ONCE]
                await log.append("tariffs", [Record(None, value) for value in some])
        return len(values) / watch.seconds, await _follow(log, len(values))


async def _follow(log: Log, count: int) -> float:
    """From the first batch on: joining a group is not reading."""

    async def nothing_yet(_topic: str, _partition: int) -> Position | None:
        return None

    following = log.follow(["tariffs"], nothing_yet)
    first = read = len((await anext(following)).records)
    with stopwatch() as watch:
        while read < count:
            read += len((await following.asend(None)).records)
    await following.aclose()
    return (read - first) / watch.seconds
