"""What only the embedded log promises: one process, one file, one commit for many."""

import asyncio
import random
import sqlite3
import sys
from collections import defaultdict
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from service.log import LogLocked, LogMisfit, LogUnavailable, Position, Record, open_log

REPOSITORY = Path(__file__).parents[2]
ROUNDS = 10


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


@pytest.fixture
async def log(url, clock):
    async with open_log(url, clock) as opened:
        yield opened


async def nowhere(_topic, _partition):
    return None


async def read(log, topic):
    """All records that a topic holds now."""
    records, end = [], (await log.ends(topic))[0]
    async with aclosing(log.follow([topic], nowhere)) as batches:
        while not records or records[-1].offset + 1 < end:
            records += (await anext(batches)).records
    return records


@asynccontextmanager
async def crash_writer(url, lap):
    """A process that appends; it is killed, not asked, when the block ends."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("crash_writer.py")),
        url,
        str(lap),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(REPOSITORY)},
    )
    try:
        assert await child.stdout.readline() == b"open 0\n"
        yield child
    finally:
        child.kill()
        await child.wait()


async def acknowledged_until_killed(url, lap, seconds):
    """Key → the last serial that was acknowledged before kill -9."""
    async with crash_writer(url, lap) as child:
        await asyncio.sleep(seconds)
    printed = await child.stdout.read()
    lines = printed.decode().split("\n")[:-1]  # what follows the last newline was cut off
    return {key: int(serial) for key, serial in map(str.split, lines)}


async def test_what_was_acknowledged_survives_kill_9_at_any_instant(url, clock):
    rng = random.Random(20250402)
    acknowledged = {}
    for lap in range(ROUNDS):
        acknowledged |= await acknowledged_until_killed(url, lap, rng.uniform(0, 0.08))
    assert acknowledged
    found = defaultdict(list)
    async with open_log(url, clock) as log:
        for record in [*await read(log, "topic0"), *await read(log, "topic1")]:
            found[record.key].append(int(record.value))
    for serials in found.values():  # in order, none twice, none missing
        assert serials == list(range(1, len(serials) + 1))
    for key, last in acknowledged.items():
        assert len(found[key]) >= last


async def test_a_second_process_is_refused_until_the_first_is_gone(url, path, clock):
    async with crash_writer(url, 0) as child:
        with pytest.raises(LogLocked, match=rf"{path}.* process {child.pid} .*log\.db\.lock"):
            async with open_log(url, clock):
                pass
    async with open_log(url, clock) as log:
        await log.append("tariffs", [Record(None, b"after")])


async def test_a_second_log_in_the_same_process_is_refused_too(url, clock, log):
    await log.append("tariffs", [Record(None, b"a")])
    with pytest.raises(LogLocked, match="Stop that process"):
        async with open_log(url, clock):
            pass


@pytest.mark.usefixtures("log")
async def test_a_log_is_known_by_one_lock_whatever_its_path(path, clock, monkeypatch):
    monkeypatch.chdir(path.parent)
    with pytest.raises(LogLocked):
        async with open_log("sqlite:///log.db", clock):
            pass


async def test_offsets_do_not_restart_when_retention_has_emptied_the_log(url, clock):
    async with open_log(url, clock) as log:
        await log.append("tariffs", [Record(None, b"a")] * 3)
        end = (await log.ends("tariffs"))[0]
        clock.advance(days=1)
        assert await log.retain(clock.now, {("tariffs", 0): end}) == 3
        assert await log.ends("tariffs") == {0: end}
    async with open_log(url, clock) as log:
        assert await log.ends("tariffs") == {0: end}
        await log.append("tariffs", [Record(None, b"b")])
        (record,) = await read(log, "tariffs")
        assert record.offset == end


async def test_the_start_is_remembered_across_a_restart(url, clock):
    async with open_log(url, clock) as log:
        await log.append("tariffs", [Record(None, b"a")] * 3)
        end = (await log.ends("tariffs"))[0]
        clock.advance(days=1)
        await log.retain(clock.now, {("tariffs", 0): end})
        identity = log.id

    async def bookmark(_topic, _partition):
        return Position(identity, end - 1)

    async with open_log(url, clock) as log:
        with pytest.raises(LogMisfit, match=f"begins at {end}"):
            await anext(log.follow(["tariffs"], bookmark))


async def test_retention_goes_page_by_page(log, clock):
    await log.append("tariffs", [Record(None, b"")] * 5000)
    end = (await log.ends("tariffs"))[0]
    clock.advance(days=1)
    before = log.commits
    assert await log.retain(clock.now, {("tariffs", 0): end}) == 5000
    assert log.commits - before == 3


async def test_a_follower_that_retention_overtook_is_told(log, clock):
    await log.append("tariffs", [Record(None, b"a")])
    await log.append("tariffs", [Record(None, b"b")] * 9)
    end = (await log.ends("tariffs"))[0]
    clock.advance(days=1)
    async with aclosing(log.follow(["tariffs"], nowhere, limit=2)) as batches:
        await anext(batches)
        await log.retain(clock.now, {("tariffs", 0): end})
        with pytest.raises(LogMisfit, match="dropped unread"):
            await anext(batches)


async def test_a_new_file_is_a_new_log(tmp_path, clock):
    ids = set()
    for name in "ab":
        async with open_log(f"sqlite:///{tmp_path}/{name}.db", clock) as log:
            ids.add(log.id)
    assert len(ids) == 2


async def test_a_log_file_that_was_replaced_refuses_the_old_bookmark(url, path, clock):
    async with open_log(url, clock) as log:
        await log.append("tariffs", [Record(None, b"a")])
        held = Position(log.id, (await log.ends("tariffs"))[0])
    path.unlink()

    async def bookmark(_topic, _partition):
        return held

    async with open_log(url, clock) as log:
        await log.append("tariffs", [Record(None, b"another")])
        with pytest.raises(LogMisfit, match=f"{held.log_id}.*different installations"):
            await anext(log.follow(["tariffs"], bookmark))


async def test_every_follower_reads_everything(log):
    async def read_all():
        found = []
        async with aclosing(log.follow(["tariffs"], nowhere, limit=7)) as batches:
            while len(found) < 30:
                found += [one.value.decode() for one in (await anext(batches)).records]
        return found

    followers = [asyncio.create_task(read_all()) for _ in range(20)]
    expected = [f"{number}{letter}" for number in range(10) for letter in "abc"]
    for number in range(0, 30, 3):
        words = expected[number : number + 3]
        await log.append("tariffs", [Record(None, word.encode()) for word in words])
    assert await asyncio.gather(*followers) == [expected] * 20


async def test_a_record_is_as_old_as_the_clock_says(log, clock):
    await log.append("tariffs", [Record(None, b"a")])
    assert [one.at for one in await read(log, "tariffs")] == [clock.now]


async def test_a_file_of_the_first_schema_opens(url, path, clock):
    async with open_log(url, clock) as log:
        await log.append("tariffs", [Record(None, b"a")])
    with sqlite3.connect(path) as old:
        old.executescript("DROP TABLE positions; DROP TABLE marks;")
    old.close()
    async with open_log(url, clock) as log:
        async with log.publisher("changes") as publisher:
            await publisher.publish([Record(None, b"b")], 1)
        assert await log.marks() == {}
        assert [one.value for one in await read(log, "tariffs")] == [b"a"]


async def test_marks_are_written_by_themselves(log, path):
    await log.mark("here", {("tariffs", 0): 5})
    reader = sqlite3.connect(path)
    while not reader.execute("SELECT * FROM marks").fetchall():  # noqa: ASYNC110 - another connection
        await asyncio.sleep(0.05)
    reader.close()


async def test_appends_that_wait_share_one_commit(log, path):
    before = log.commits
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")  # the first append waits for it, the others behind it
    calls = [asyncio.create_task(log.append("tariffs", [Record(None, b"")])) for _ in range(100)]
    await asyncio.sleep(0)
    blocker.execute("ROLLBACK")
    blocker.close()
    await asyncio.gather(*calls)
    assert 1 <= log.commits - before <= 2
    assert len(await read(log, "tariffs")) == 100


async def test_a_group_is_bounded_so_that_nobody_waits_for_all(log):
    before = log.commits
    many = [Record(None, b"")] * 2500
    await asyncio.gather(*(log.append("tariffs", many) for _ in range(12)))
    assert log.commits - before >= 3


async def test_a_waiting_follower_is_woken_and_sets_no_timer(log, monkeypatch):
    def refuse(*_):
        pytest.fail("a timer is a poll")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", refuse)
    monkeypatch.setattr(loop, "call_at", refuse)
    async with aclosing(log.follow(["tariffs"], nowhere)) as batches:
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        await log.append("tariffs", [Record(None, b"a")])
        assert [one.value for one in (await waiting).records] == [b"a"]


async def test_a_batch_from_memory_equals_the_one_from_the_file(log):
    async with aclosing(log.follow(["tariffs"], nowhere)) as batches:
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        await log.append("negotiations", [Record(None, b"a hole in the numbering")])
        await log.append("tariffs", [Record("k", b"a\0", (("h", b"\xff"),)), Record(None, b"b")])
        fresh = await waiting
    async with aclosing(log.follow(["tariffs"], nowhere, limit=1)) as batches:
        assert (await anext(batches)).records + (await anext(batches)).records == fresh.records
    assert fresh.next == (await log.ends("tariffs"))[0]


async def test_a_failed_write_is_not_acknowledged_and_the_log_lives_on(log, path):
    with sqlite3.connect(path) as saboteur:
        saboteur.execute(
            "CREATE TRIGGER full BEFORE INSERT ON records"
            " BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    with pytest.raises(LogUnavailable, match=r"disk is full.*Nothing of this append was kept"):
        await log.append("tariffs", [Record(None, b"lost")])
    saboteur.execute("DROP TRIGGER full")
    saboteur.close()
    await log.append("tariffs", [Record(None, b"kept")])
    assert [one.value for one in await read(log, "tariffs")] == [b"kept"]


async def test_a_failure_of_the_file_fails_all_who_wait_at_once(log, path):
    saboteur = sqlite3.connect(path, isolation_level=None)
    saboteur.execute("ALTER TABLE records RENAME TO elsewhere")
    calls = (log.append("tariffs", [Record(None, b"lost")]) for _ in range(20))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} == {LogUnavailable}
    saboteur.execute("ALTER TABLE elsewhere RENAME TO records")
    saboteur.close()
    await log.append("tariffs", [Record(None, b"kept")])
    assert [one.value for one in await read(log, "tariffs")] == [b"kept"]


async def test_a_missing_folder_is_named(tmp_path, clock):
    with pytest.raises(
        LogUnavailable, match=r"nowhere/log\.db cannot be opened.*folder must exist"
    ):
        async with open_log(f"sqlite:///{tmp_path}/nowhere/log.db", clock):
            pass


async def test_a_file_that_is_no_log_is_left_alone(path, url, clock):
    path.write_bytes(b"dear diary, " * 1000)
    for _ in "twice":  # the lock was let go
        with pytest.raises(LogUnavailable, match="not a database"):
            async with open_log(url, clock):
                pass
    assert path.read_bytes() == b"dear diary, " * 1000
