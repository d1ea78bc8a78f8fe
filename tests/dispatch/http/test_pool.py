"""Which connections are kept, for how long, and how many."""

import asyncio

import pytest

from service.core.destination.address import Egress
from service.core.sending.delivery import PLAIN
from service.dispatch.http import pool as kept
from service.dispatch.http.pool import Pool
from service.dispatch.http.reaching.dialling import Dialler
from service.dispatch.http.reaching.names import resolve
from service.dispatch.http.request import Origin
from service.dispatch.http.trail import Trail
from tests.dispatch.http.misbehaving import OK, misbehaving, says

REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
THANKS = says(OK + b"content-length: 0\r\n\r\n")


@pytest.fixture
async def pool():
    dialler = Dialler(Egress(loopback_allowed=True), None, resolve)
    pool = Pool(dialler, most_kept=3)
    yield pool
    await pool.close()
    dialler.close()


def origin_of(receiver, host=None):
    return Origin(False, host or receiver.host, receiver.port, PLAIN)


async def ask(pool, receiver, host=None):
    return await pool.ask(origin_of(receiver, host), REQUEST, Trail(5))


async def test_the_connection_used_last_is_used_next(pool):
    async with misbehaving(THANKS) as receiver:
        await asyncio.gather(ask(pool, receiver), ask(pool, receiver))
        assert receiver.connections == 2
        *_, last = pool._idle
        await ask(pool, receiver)
        assert list(pool._idle)[-1] is last


async def test_of_too_many_idle_ones_the_longest_unused_goes(pool):
    async with misbehaving(THANKS) as one, misbehaving(THANKS) as two, misbehaving(THANKS) as three:
        await ask(pool, one)
        await ask(pool, two)
        await ask(pool, three)
        await ask(pool, one)  # now that of `two` is the longest unused
        await asyncio.gather(ask(pool, three), ask(pool, three))
        assert len(pool._idle) == 3
        assert origin_of(two) not in pool._quays
        await ask(pool, one)
        await ask(pool, two)
        assert (one.connections, two.connections) == (1, 2)


async def test_what_was_idle_for_too_long_is_closed(pool, monkeypatch):
    monkeypatch.setattr(kept, "KEPT_SECONDS", 0.1)
    async with misbehaving(THANKS) as receiver:
        await ask(pool, receiver)
        (first,) = pool._idle
        await asyncio.sleep(0.06)
        await asyncio.gather(ask(pool, receiver), ask(pool, receiver))
        await first.closed if first not in pool._idle else None
        await asyncio.gather(*(connection.closed for connection in list(pool._idle)))
    assert (pool._idle, pool._quays, pool._open) == ({}, {}, set())


async def test_it_is_kept_for_a_minute_and_more():
    assert kept.KEPT_SECONDS >= 60


async def test_a_connection_that_closes_while_idle_is_forgotten(pool):
    async with misbehaving(THANKS) as receiver:
        await ask(pool, receiver)
        (connection,) = pool._idle
    await connection.closed
    await asyncio.sleep(0)
    assert (pool._idle, pool._quays) == ({}, {})


async def test_nothing_is_left_of_an_origin_that_cannot_be_reached(pool):
    async with misbehaving(THANKS) as receiver:
        pass
    with pytest.raises(ConnectionRefusedError):
        await ask(pool, receiver)
    assert pool._quays == {}


async def test_each_origin_has_its_own(pool):
    async with misbehaving(THANKS) as receiver:
        for host in ("127.0.0.1", "localhost", "127.0.0.1"):
            await ask(pool, receiver, host)
        assert receiver.connections == 2


async def test_requests_that_hang_keep_no_other_from_their_origin(pool):
    async def hangs_at_first(reader, writer):
        if receiver.connections <= 3:
            await reader.read()
        await THANKS(reader, writer)

    async with misbehaving(hangs_at_first) as receiver:
        busy = [asyncio.create_task(ask(pool, receiver)) for _ in range(3)]
        while receiver.connections < 3:  # noqa: ASYNC110 - connections ring no bell
            await asyncio.sleep(0.01)
        assert (await ask(pool, receiver)).status == 200
        for task in busy:
            task.cancel()
        await asyncio.wait(busy)


async def test_closing_leaves_nothing_open(pool):
    heard = asyncio.Event()

    async def hangs(reader, writer):
        heard.set()
        await reader.read()

    async with misbehaving(THANKS) as receiver, misbehaving(hangs) as silent:
        await ask(pool, receiver)
        busy = asyncio.create_task(ask(pool, silent))
        await heard.wait()
        await pool.close()
        with pytest.raises(ConnectionError):
            await busy
    assert pool._open == set()
