"""The outbox: what was accepted while the log was away."""

from contextlib import suppress
from datetime import timedelta

from service.log import Record
from service.store.arrivals import outbox
from service.store.arrivals.outbox import count_waiting, drop, oldest, oldest_at, put
from tests.books import NOW


def record(name, size=0):
    return Record(name, name.encode() + b"." * size)


async def keep(db, topic, *records, now=NOW):
    await db.run_write(lambda session: put(session, topic, records, now))


async def waiting(db, topic="tariffs", limit=100):
    return await db.run_write(lambda session: oldest(session, topic, limit))


def keys(found):
    return [one.key for _, one in found]


async def test_what_is_put_comes_out_as_it_went_in(db):
    headers = (("ce_id", b"\x00\xff\xc3\xa4"), ("ce_id", b"again"), ("empty", b""))
    given = [Record("k", b"\x00\xfe{}", headers), Record(None, b"")]
    await keep(db, "tariffs", *given)
    assert [one for _, one in await waiting(db)] == given


async def test_first_in_first_out_and_each_topic_by_itself(db):
    await keep(db, "tariffs", record("a"), record("b"))
    await keep(db, "negotiations", record("n"))
    await keep(db, "tariffs", record("c"))
    assert keys(await waiting(db, limit=2)) == ["a", "b"]
    assert keys(await waiting(db)) == ["a", "b", "c"]
    assert keys(await waiting(db, "negotiations")) == ["n"]


async def test_only_what_is_named_is_dropped(db):
    await keep(db, "tariffs", *map(record, "abcd"))
    found = await waiting(db)
    await keep(db, "tariffs", record("e"))
    gone = [number for number, one in found if one.key in "ac"]
    await db.run_write(lambda session: drop(session, gone))
    assert keys(await waiting(db)) == ["b", "d", "e"]


async def test_dropping_nothing_and_putting_nothing_do_nothing(db):
    await keep(db, "tariffs")
    await db.run_write(lambda session: drop(session, []))
    assert await db.run_read(count_waiting) == {}
    assert await db.run_read(oldest_at) is None


async def test_what_waits_is_counted_by_topic_and_since_when(db):
    await keep(db, "tariffs", record("a"), record("b"))
    await keep(db, "negotiations", record("n"), now=NOW + timedelta(minutes=1))
    assert await db.run_read(count_waiting) == {"tariffs": 2, "negotiations": 1}
    assert await db.run_read(oldest_at) == NOW
    numbers = [number for number, _ in await waiting(db)]
    await db.run_write(lambda session: drop(session, numbers))
    assert await db.run_read(oldest_at) == NOW + timedelta(minutes=1)


async def test_large_records_make_short_pages_but_never_an_empty_one(db):
    size = outbox.PAGE_BYTES // 3
    await keep(db, "tariffs", *(record(name, size) for name in "abc"))
    assert keys(await waiting(db)) == ["a", "b"]
    await keep(db, "negotiations", record("huge", outbox.PAGE_BYTES), record("small"))
    assert keys(await waiting(db, "negotiations")) == ["huge"]


async def test_one_that_was_rolled_back_is_not_there(db):
    async def put_and_fail(session):
        await put(session, "tariffs", [record("a")], NOW)
        raise LookupError

    with suppress(LookupError):
        await db.run_write(put_and_fail)
    assert await waiting(db) == []
