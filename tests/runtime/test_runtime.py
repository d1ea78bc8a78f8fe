"""The whole of it, composed: what runs, what takes it down, and how it ends."""

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import sys
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from consumers.consumer import Poisoned
from service.log import LogLocked, LogMisfit, Position, Record
from service.roles import Pulse
from service.runtime import (
    ROLES,
    CannotListen,
    RoleEnded,
    open_runtime,
    prune,
    serve,
    utc_now,
)
from service.runtime.running import FILES, _run_role, raise_file_limit
from service.settings import Settings
from service.store.arrivals.progress import list_places
from service.store.database import open_database
from service.store.delivery.tables import Attempt, Delivery, Receipt
from service.store.installation.identity import WrongLog
from service.store.standings.tables import Event
from tests.books import Watch, consumer_of, count, rows, write
from tests.core.builders import measure
from tests.receivers import Answer, http_receiver

ROOT = Path(__file__).parents[2]
LAW = measure("law", rate="25", effective_at="2025-04-10T00:01:00-04:00")


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(
        database_url=database_url,
        log_url=f"sqlite:///{tmp_path}/log.db",
        port=0,
        allow_loopback=True,
    )


@asynccontextmanager
async def serving(settings, clock=utc_now):
    """The runtime and a client of its API; leaving asks it to stop and waits until it has."""
    stop = asyncio.Event()
    async with open_runtime(settings, clock) as runtime:
        task = asyncio.create_task(serve(runtime, stop))
        async with httpx.AsyncClient(base_url=runtime.address, timeout=30) as client:
            yield runtime, client, task
        stop.set()
        await task


async def post(client, path, body):
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer


async def test_an_event_posted_is_an_alert_received(settings):
    async with http_receiver() as receiver, serving(settings) as (_, client, _):
        await post(client, "/v1/subscriptions", {"country": "CN", "url": receiver.url})
        await post(client, "/v1/events", LAW)
        (request,) = await receiver.wait_for(1)
    body = json.loads(request.body)
    assert body["data"]["cause"]["id"] == "law"
    assert body["data"]["href"].startswith("http")


async def test_all_roles_run_until_asked_to_stop(settings):
    async with serving(settings) as (runtime, client, _):
        assert (await client.get("/readyz")).status_code == 200
        assert set(runtime.running) == {*ROLES, "watch"}
        assert all(runtime.running.values())
    assert not any(runtime.running.values())


def test_a_process_may_open_more_files_than_the_system_begins_with():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        raise_file_limit()
        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert now == (FILES if most == resource.RLIM_INFINITY else min(FILES, most))
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (now, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_role_that_raises_takes_the_process_down(settings):
    async with open_runtime(settings) as runtime:
        async with runtime.db.write() as session:
            await session.execute(text("CREATE UNIQUE INDEX fault ON event (type)"))
        await runtime.log.append("tariffs", [write(LAW), write(measure("second"))])
        with pytest.raises(ExceptionGroup) as caught:
            await serve(runtime, asyncio.Event())
    assert caught.group_contains(Poisoned, match="tariffs/0 offset 2 cannot be folded")
    assert not any(runtime.running.values())


async def test_a_role_that_ends_unasked_is_a_fault(settings):
    async def idle(runtime, stop):
        assert runtime.running["idle"]

    async with open_runtime(settings) as runtime:
        runtime.pulses["idle"] = Pulse("idle")
        with pytest.raises(RoleEnded, match="idle: "):
            await _run_role("idle", idle, runtime, asyncio.Event())
        asked = asyncio.Event()
        asked.set()
        await _run_role("idle", idle, runtime, asked)


async def test_a_role_that_a_library_cancels_is_a_fault_too(settings):
    async def cancelled(*_):
        lost = asyncio.get_running_loop().create_future()
        lost.cancel()
        await lost

    async with open_runtime(settings) as runtime:
        runtime.pulses["plan"] = Pulse("plan")
        with pytest.raises(RoleEnded, match="plan: "):
            await _run_role("plan", cancelled, runtime, asyncio.Event())


async def test_nothing_is_sent_before_the_log_has_shown_whose_database_it_is(settings):
    planning = settings.model_copy(update={"roles": ("api", "consume", "plan")})
    away = settings.model_copy(
        update={"roles": ("api", "send"), "log_url": "kafka://127.0.0.1:9/away"}
    )
    async with http_receiver() as receiver:
        async with serving(planning) as (runtime, client, _):
            made = await post(client, "/v1/subscriptions", {"country": "CN", "url": receiver.url})
            await post(client, "/v1/events", LAW)
            await until_true(lambda: count(runtime.db, Delivery))
        async with serving(away) as (runtime, client, _):
            await until_true(lambda: _is_waiting(runtime, "send"))
            destination = made.json()["destinations"][0]
            tried = await client.post(f"/v1/destinations/{destination}/test")
            assert "only the log can tell" in tried.text
            assert await count(runtime.db, Delivery) == 1
        assert receiver.requests == []
        async with serving(settings):
            await receiver.wait_for(1)


async def _is_waiting(runtime, role):
    return role in runtime.pulses and runtime.pulses[role].trouble


async def test_a_port_in_use_is_said_with_the_remedy(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = settings.model_copy(update={"port": port})
        said = f"cannot listen on 127.0.0.1:{port}: .*; set TARIFFWIRE_PORT"
        with pytest.raises(CannotListen, match=said):
            async with open_runtime(busy):
                pass


async def test_a_second_process_on_the_same_log_is_refused(settings):
    async with open_runtime(settings):
        with pytest.raises(LogLocked):
            async with open_runtime(settings):
                pass


async def test_books_and_log_of_different_installations_are_refused(settings, tmp_path):
    await consume(settings, LAW)
    other = settings.model_copy(update={"log_url": f"sqlite:///{tmp_path}/other.db"})
    with pytest.raises(WrongLog, match="TARIFFWIRE_LOG_URL"):
        async with open_runtime(other):
            pass


async def test_a_log_older_than_its_books_is_refused_with_the_remedy(settings, tmp_path):
    async with open_runtime(settings) as runtime:
        await runtime.log.append("tariffs", [write(LAW)])
    shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-backup"))
    await consume(settings, measure("more", "increased", rate="50"))
    for file in tmp_path.glob("log.db*"):
        file.unlink()
    for file in tmp_path.with_name(f"{tmp_path.name}-backup").glob("log.db*"):
        shutil.copy(file, tmp_path)
    with pytest.raises(WrongLog, match=r"tariffs/0 ends at 2, .* read up to 3.*tariffwire adopt"):
        async with open_runtime(settings):
            pass


async def consume(settings, event, clock=utc_now):
    """Let an event pass through the log into the books."""
    async with serving(settings, clock) as (runtime, _, _):
        before = await count(runtime.db, Event)

        async def has_come():
            return await count(runtime.db, Event) > before

        await runtime.log.append("tariffs", [write(event)])
        await until_true(has_come)


async def test_what_is_old_is_dropped_only_below_the_bookmarks(settings):
    clock = Watch()
    async with open_runtime(settings, clock) as runtime:
        follower = runtime.log.follow(["tariffs"], _nowhere)
        await runtime.log.append("tariffs", [Record(None, b"noise")] * 3)
        batch = await anext(follower)
        await consumer_of(runtime.db, runtime.log, clock).take(batch)
        await runtime.log.append("tariffs", [write(LAW)])
        clock.advance(days=29)
        assert await prune(runtime) == 0
        clock.advance(days=2)
        assert await prune(runtime) == 3
        assert await prune(runtime) == 0
        await follower.aclose()
        async with runtime.db.read() as session:
            places = await list_places(session)
        rest = runtime.log.follow(["tariffs"], _at(runtime.log.id, places["tariffs", 0].next))
        assert [record.value for record in (await anext(rest)).records] == [write(LAW).value]
        await rest.aclose()


async def test_what_was_never_consumed_is_never_dropped(settings):
    clock = Watch()
    async with open_runtime(settings, clock) as runtime:
        await runtime.log.append("tariffs", [write(LAW)])
        clock.advance(days=400)
        assert await prune(runtime) == 0


async def test_the_clock_role_prunes_as_soon_as_it_runs(settings):
    await consume(settings, LAW, clock=lambda: utc_now() - timedelta(days=40))
    async with serving(settings) as (runtime, _, _):
        await until_true(lambda: _is_pruned(runtime.log))


async def _is_pruned(log):
    """Whether who reads from the start finds nothing."""
    following = log.follow(["tariffs"], _nowhere)
    reading = asyncio.create_task(anext(following))
    await asyncio.wait({reading}, timeout=0.05)
    found = reading.done()
    reading.cancel()
    with suppress(asyncio.CancelledError, LogMisfit):  # pruned under its eyes: it is asked again
        await reading
    return not found


async def until_true(ask):
    """The test's own time limit is the deadline."""
    async with asyncio.timeout(60):
        found = await ask()
        while not found:
            await asyncio.sleep(0.01)
            found = await ask()


async def _nowhere(topic, partition):
    return None


def _at(log_id, place):
    async def bookmark(topic, partition):
        return Position(log_id, place)

    return bookmark


async def test_the_deployment_keeps_its_name(settings):
    names = []
    for _ in range(2):
        async with open_runtime(settings) as runtime:
            names.append(runtime.letterhead.source)
    assert names[0] == names[1]
    assert names[0].startswith("urn:tariffwire:")


async def test_links_lead_to_where_receivers_reach_it(settings):
    reachable = settings.model_copy(update={"public_url": "https://alerts.example/wire/"})
    async with open_runtime(reachable) as runtime:
        assert runtime.letterhead.dataschema == "https://alerts.example/wire/v1/schemas/alert"


async def test_a_process_without_the_api_links_to_the_one_that_has_it(settings):
    only_send = settings.model_copy(update={"roles": ("send",)})
    async with open_runtime(settings) as runtime:
        base = runtime.letterhead.href_base
        assert base == runtime.address
    async with open_runtime(only_send) as runtime:
        assert runtime.letterhead.href_base == base


async def test_it_listens_on_ipv6_too(settings):
    six = settings.model_copy(update={"host": "::1"})
    async with serving(six) as (runtime, client, _):
        assert runtime.address.startswith("http://[::1]:")
        assert (await client.get("/livez")).is_success


# The process

SERVE = """
import asyncio, os
from service.runtime import serve_until_signalled
from service.settings import read_settings
from service.telemetry import open_logs
open_logs("info", "json")
asyncio.run(serve_until_signalled(read_settings(dict(os.environ))))
"""


@asynccontextmanager
async def process(settings):
    """The service in a process of its own, and the address it listens at."""
    given = {"database_url": settings.database_url, "log_url": settings.log_url}
    given |= {"port": "0", "allow_loopback": "true"}
    environment = os.environ | {f"TARIFFWIRE_{key.upper()}": one for key, one in given.items()}
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVE,
        cwd=ROOT,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said = {"event": ""}
        while said["event"] != "listening":
            said = json.loads(await running.stderr.readline())
        yield running, said["address"]
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_what_is_in_the_air(settings, number):
    async with (
        http_receiver(answer=Answer(delay=0.5)) as receiver,
        process(settings) as (running, address),
        httpx.AsyncClient(base_url=address, timeout=30) as client,
    ):
        await post(client, "/v1/subscriptions", {"country": "CN", "url": receiver.url})
        await post(client, "/v1/events", LAW)
        await receiver.wait_for(1)
        running.send_signal(number)
        assert await running.wait() == 0
    async with open_database(settings.database_url) as db:
        assert await rows(db, Attempt, "outcome", "status") == [("delivered", 204)]
        assert await rows(db, Receipt, "outcome") == [("delivered",)]


async def test_what_it_said_yes_to_survives_a_kill(settings):
    async with http_receiver() as receiver:
        async with (
            process(settings) as (running, address),
            httpx.AsyncClient(base_url=address, timeout=30) as client,
        ):
            await post(client, "/v1/subscriptions", {"country": "CN", "url": receiver.url})
            await post(client, "/v1/events", LAW)
            running.kill()
        async with process(settings) as (running, _):
            requests = await receiver.wait_for(1)
            running.terminate()
            assert await running.wait() == 0
    assert len({request.headers["webhook-id"] for request in requests}) == 1
