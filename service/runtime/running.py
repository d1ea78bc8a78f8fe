"""What each role does, and running those of this process until it is asked to stop.

Drain order: stop intake, finish the steps in hand, close the clients.
"""

import asyncio
import gc
import random
import resource
import secrets
import signal
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib.metadata import version

import structlog
from starlette.types import ASGIApp

from consumers.consumer import Consumer
from service.api import Desk, create_app, create_health_app
from service.core.destination.optin import why_unwelcome
from service.core.sending.delivery import Reply
from service.core.sending.steering import Gate
from service.dispatch.chores import Codes, Errands, Gatherer
from service.dispatch.invite import Inviter
from service.dispatch.mode import Mode, read_mode, why_withheld
from service.dispatch.plan import Planner
from service.dispatch.publish import Courier
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.dispatch.trial import send_trial
from service.log import LogUnavailable
from service.roles import AWAY, LONGEST_PAUSE, Pulse, pace, rest_for, until
from service.runtime.clock import run_clock
from service.runtime.listening import serve_http
from service.runtime.opening import Runtime, open_runtime
from service.runtime.watchdog import watch_roles, watched_loop
from service.settings import Settings
from service.store.following.destinations import DestinationValue
from service.web import Lobby, make_site, stand_before

FILES = 65_536
GARBAGE = (10_000, 50, 100)
"""New things, and earlier looks, before the next look for what nobody needs any more."""
ASKS = 1.0
"""Seconds between two looks for readers to be asked."""
SETTLES = 2.0
"""Seconds after which reading has begun well."""

log = structlog.get_logger()

Role = Callable[[Runtime, asyncio.Event], Awaitable[None]]


async def run_api(runtime: Runtime, stop: asyncio.Event) -> None:
    """Serve HTTP until asked to stop; requests in hand are finished."""
    app: ASGIApp = create_app(desk_of(runtime))
    links = runtime.letterhead.links
    if links:
        app = stand_before(make_site(Lobby(runtime.db, runtime.clock, links)), app)
    await serve_http(app, runtime.listener, stop)


async def answer_health(runtime: Runtime, stop: asyncio.Event) -> None:
    """What a process without the API answers over HTTP: how it does."""
    await serve_http(create_health_app(desk_of(runtime)), runtime.listener, stop)


def desk_of(runtime: Runtime) -> Desk:
    """What the API works with."""

    async def try_out(destination: DestinationValue) -> Reply:
        withheld = (
            why_unwelcome(destination.state)
            or await _why_unknown(runtime)
            or await why_withheld(runtime.db, _mode(runtime), destination.address)
        )
        return await send_trial(
            destination,
            runtime.senders,
            runtime.letterhead,
            runtime.clock(),
            withheld,
            vault=runtime.vault,
        )

    return Desk(
        runtime.settings,
        runtime.clock,
        runtime.db,
        runtime.log,
        runtime.metrics,
        try_out,
        lambda: runtime.pulses,
        lambda: runtime.bells.ring("publish"),
        runtime.owns_log,
        Renderer(runtime.letterhead).bodies,
        partial(_wake_dispatch, runtime),
        runtime.vault,
    )


def _wake_dispatch(runtime: Runtime) -> None:
    runtime.bells.ring("plan")
    runtime.bells.ring("send")


async def _why_unknown(runtime: Runtime) -> str | None:
    """Only its log shows that a database was restored, or is a copy: until then nothing is sent."""
    try:
        await runtime.know_log()
    except LogUnavailable as error:
        return f"only the log can tell whether this database may write to anybody: {error}"
    return None


def _mode(runtime: Runtime) -> Mode:
    return read_mode(runtime.settings.send)


async def run_consumer(runtime: Runtime, stop: asyncio.Event) -> None:
    """From events to changes. While the log is away, wait for it."""
    pulse = runtime.pulses["consume"]

    def tell(error: Exception | None) -> None:
        pulse.wait(error) if error else pulse.end()

    consumer = Consumer(
        runtime.db,
        runtime.log,
        runtime.clock,
        runtime.metrics,
        lambda: _announce(runtime),
        deployment=runtime.deployment,
        tell=tell,
    )
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        settling = None
        try:
            await runtime.know_log()
            settling = loop.call_later(SETTLES, pulse.end)  # a log that refuses does so at once
            await until(stop, consumer.follow())
        except AWAY as error:
            pulse.wait(error)
            await rest_for(stop, LONGEST_PAUSE)
        finally:
            if settling:
                settling.cancel()


def _announce(runtime: Runtime) -> None:
    """New changes: to be planned, and to be published."""
    runtime.bells.ring("plan")
    runtime.bells.ring("publish")


async def run_planner(runtime: Runtime, stop: asyncio.Event) -> None:
    """From changes to deliveries; errands on those that there are; and those that have waited."""
    settings = runtime.settings
    gate = Gate(settings.approval_audience, settings.approval_new_events)

    def ring() -> None:
        runtime.bells.ring("send")

    planner = Planner(runtime.db, runtime.clock, runtime.metrics, ring, gate)
    errands = Errands(runtime.db, runtime.clock, ring)
    gatherer = Gatherer(runtime.db, runtime.clock, ring)
    codes = Codes(runtime.db, runtime.clock, ring)

    async def step() -> bool:
        """A turn of each: errands are rare, and whoever sent one waits for it."""
        is_busy = await errands.step()
        is_busy = await gatherer.step() or is_busy
        is_busy = await codes.step() or is_busy
        return await planner.step() or is_busy

    await pace(stop, step, runtime.bells["plan"], pulse=runtime.pulses["plan"])


async def run_dispatcher(runtime: Runtime, stop: asyncio.Event) -> None:
    """From deliveries to receipts; none before the log has shown whose database this is."""
    await _await_log(runtime, stop, runtime.pulses["send"])
    office = Office(
        runtime.senders,
        Renderer(runtime.letterhead),
        runtime.clock,
        random.SystemRandom().random,
        runtime.metrics,
        runtime.bells["send"],
        _mode(runtime),
        runtime.vault,
    )
    lease = Lease(secrets.token_hex(8))
    dispatcher = Dispatcher(runtime.db, office, lease, runtime.settings.send_slots)
    inviter = Inviter(
        runtime.db,
        runtime.senders["email"],
        runtime.letterhead,
        runtime.clock,
        office.spread,
        mode=office.mode,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(
            pace(stop, inviter.step, runtime.bells["invite"], ASKS, pulse=Pulse("invite"))
        )
        await dispatcher.run(stop, runtime.settings.drain_seconds, runtime.pulses["send"])


async def _await_log(runtime: Runtime, stop: asyncio.Event, pulse: Pulse) -> None:
    while not stop.is_set():
        try:
            await runtime.know_log()
        except AWAY as error:
            pulse.wait(error)
            await rest_for(stop, LONGEST_PAUSE)
        else:
            pulse.end()
            return


async def run_publisher(runtime: Runtime, stop: asyncio.Event) -> None:
    """From the outbox to the log, and from changes to whoever reads them there."""
    courier = Courier(runtime.db, runtime.log, runtime.clock, runtime.deployment)

    async def step() -> bool:
        await runtime.know_log()
        return await courier.step() and courier.has_more

    try:
        await pace(stop, step, runtime.bells["publish"], pulse=runtime.pulses["publish"])
    finally:
        await courier.close()


ROLES: Mapping[str, Role] = {
    "api": run_api,
    "consume": run_consumer,
    "plan": run_planner,
    "send": run_dispatcher,
    "publish": run_publisher,
    "clock": run_clock,
}
"""In the order in which they drain: intake first."""


class RoleEnded(Exception):
    """A role has ended although nobody asked it to."""


async def serve(runtime: Runtime, stop: asyncio.Event) -> None:
    """Run this process's roles until `stop`, then drain them in order.

    One that fails takes all down. What is not done after `drain_seconds` is cut off: it left
    nothing half done, and is done again by whoever comes next.
    """
    roles: dict[str, Role] = {
        name: role for name, role in ROLES.items() if name in set[str](runtime.settings.roles)
    }
    if "api" not in roles:
        roles["health"] = answer_health
    roles["watch"] = watch_roles
    runtime.pulses |= {name: Pulse(name) for name in roles}
    stops = {name: asyncio.Event() for name in roles}
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(_run_role(name, role, runtime, stops[name]), name=name)
            for name, role in roles.items()
        }
        await stop.wait()
        await _drain(runtime, tasks, stops)


async def _drain(
    runtime: Runtime, tasks: Mapping[str, asyncio.Task[None]], stops: Mapping[str, asyncio.Event]
) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time() + runtime.settings.drain_seconds
    for name, task in tasks.items():
        stops[name].set()
        runtime.bells.wake()
        _, late = await asyncio.wait({task}, timeout=max(0.0, last - loop.time()))
        if late:
            log.warning("cut off", role=name, after_seconds=runtime.settings.drain_seconds)
            task.cancel()


async def _run_role(name: str, role: Role, runtime: Runtime, stop: asyncio.Event) -> None:
    pulse = runtime.pulses[name]
    pulse.is_running = True
    task = asyncio.current_task()
    try:
        await role(runtime, stop)
    except asyncio.CancelledError:
        # A group of tasks takes no notice of one that was cancelled, whoever did that: what comes
        # out of a library by mistake would leave a process without its role.
        if task is None or task.cancelling():
            raise
    finally:
        pulse.is_running = False
    if not stop.is_set():
        raise RoleEnded(f"{name}: {RoleEnded.__doc__}")


def raise_file_limit() -> None:
    """Each delivery in the air is a connection, and many systems begin with 1,024 open files."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if resource.RLIM_INFINITY != now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def collect_rarely() -> None:
    """A look through all that lives stops the loop, for a quarter of a second and more."""
    gc.freeze()  # the libraries stay
    gc.set_threshold(*GARBAGE)


async def serve_until_signalled(settings: Settings) -> None:
    """The whole service, from the first byte to SIGTERM."""
    raise_file_limit()
    collect_rarely()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_runtime(settings) as runtime:
        log.info(
            "listening",
            address=runtime.address,
            roles=list(settings.roles),
            version=version("tariffwire"),
        )
        with watched_loop(settings.stuck_seconds):
            await serve(runtime, stop)
