"""The only composition root: opens database, log, HTTP and SMTP, runs the roles, drains.

Drain order: stop intake, finish the steps in hand, close the clients.
"""

import asyncio
import gc
import random
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from consumers.consumer import TOPICS, Consumer
from service.api import Desk, create_app
from service.core.delivery import Reply
from service.dispatch import Sender
from service.dispatch.mail import MailSender
from service.dispatch.plan import Planner
from service.dispatch.render import Letterhead, Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.dispatch.trial import send_trial
from service.dispatch.webhook import WebhookSender
from service.log import Log, open_log
from service.roles import Bell, pace, until
from service.settings import Settings
from service.store.accounts import ensure_default
from service.store.database import Database, open_database
from service.store.destinations import DestinationValue
from service.store.identity import know_log, know_self
from service.store.migrations import migrate
from service.store.progress import list_places
from service.telemetry import Metrics

Clock = Callable[[], datetime]
Role = Callable[["Runtime", asyncio.Event], Any]
SWITCH_SECONDS = 0.001
PRUNE_MINUTES = 60
BACKLOG = 2048
GARBAGE = (10_000, 50, 100)

log = structlog.get_logger()


def utc_now() -> datetime:
    """The one place where the time of day is read."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Runtime:
    """Everything the roles share; `listener` is bound to `address` before any of them starts."""

    settings: Settings
    clock: Clock
    db: Database
    log: Log
    metrics: Metrics
    senders: Mapping[str, Sender]
    letterhead: Letterhead
    listener: socket.socket
    address: str
    plan_bell: Bell = field(default_factory=Bell)
    send_bell: Bell = field(default_factory=Bell)
    running: dict[str, bool] = field(default_factory=dict)


@asynccontextmanager
async def open_runtime(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Runtime]:
    """Open what the settings name, bring the schema up, and close everything again."""
    # SQLite works in threads: without this each of its answers waits for Python's 5 ms switch.
    sys.setswitchinterval(SWITCH_SECONDS)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(settings.host, settings.port))
        address = _address_of(listener)
        db = await stack.enter_async_context(open_database(settings.database_url))
        events = await stack.enter_async_context(open_log(settings.log_url, clock))
        await migrate(db)
        async with db.write() as session:
            await ensure_default(session, clock())
            deployment = await know_self(session, secrets.token_hex(8))
            await know_log(session, events.id)
        webhooks = await stack.enter_async_context(_open_webhooks(settings))
        mails = await stack.enter_async_context(_open_mails(settings))
        yield Runtime(
            settings,
            clock,
            db,
            events,
            Metrics(),
            {"webhook": webhooks, "email": mails},
            _letterhead(settings, deployment, address),
            listener,
            address,
        )


def _open_webhooks(settings: Settings) -> WebhookSender:
    return WebhookSender(
        loopback_allowed=settings.allow_loopback,
        deadline=settings.webhook_timeout,
        limit=settings.send_slots,
    )


def _open_mails(settings: Settings) -> MailSender:
    security = {"none": "plain"}.get(settings.smtp_tls, settings.smtp_tls)
    password = settings.smtp_password
    return MailSender(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        username=settings.smtp_user or None,
        password=password.get_secret_value() if password else None,
        security=security,  # type: ignore[arg-type]  # the setting's pattern allows these three
    )


def _letterhead(settings: Settings, deployment: str, address: str) -> Letterhead:
    base = settings.public_url or address
    return Letterhead(
        source=f"urn:tariffwire:{deployment}",
        dataschema=f"{base.rstrip('/')}/v1/schemas/alert",
        href_base=base,
        mail_from=settings.mail_from,
    )


async def run_api(runtime: Runtime, stop: asyncio.Event) -> None:
    """Serve HTTP until asked to stop; requests in hand are finished."""

    async def try_out(destination: DestinationValue) -> Reply:
        return await send_trial(destination, runtime.senders, runtime.letterhead, runtime.clock())

    desk = Desk(
        runtime.settings,
        runtime.clock,
        runtime.db,
        runtime.log,
        runtime.metrics,
        try_out,
        lambda: dict(runtime.running),
    )
    server = _Server(
        uvicorn.Config(
            create_app(desk),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[runtime.listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:  # another role may have failed: leave no task and no socket behind
        stopping.cancel()
        serving.cancel()
        await asyncio.wait({serving, stopping})


class _Server(uvicorn.Server):
    """Leaves signals alone: the process has one place that hears them."""

    @contextmanager
    def capture_signals(self) -> Any:
        with nullcontext():
            yield


class CannotListen(Exception):
    """The API cannot listen there."""


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With TCP named, asyncio turns Nagle's 40 ms off for what is accepted here.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            message = f"cannot listen on {host}:{port}: {error.strerror}; set TARIFFWIRE_PORT"
            raise CannotListen(message) from error
        listener.listen(BACKLOG)
        yield listener


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def run_consumer(runtime: Runtime, stop: asyncio.Event) -> None:
    """From events to changes."""
    consumer = Consumer(
        runtime.db, runtime.log, runtime.clock, runtime.metrics, runtime.plan_bell.ring
    )
    await until(stop, consumer.follow())


async def run_planner(runtime: Runtime, stop: asyncio.Event) -> None:
    """From changes to deliveries."""
    planner = Planner(runtime.db, runtime.clock, runtime.metrics, runtime.send_bell.ring)
    await pace(stop, planner.step, runtime.plan_bell)


async def run_dispatcher(runtime: Runtime, stop: asyncio.Event) -> None:
    """From deliveries to receipts."""
    office = Office(
        runtime.senders,
        Renderer(runtime.letterhead),
        runtime.clock,
        random.SystemRandom().random,
        runtime.metrics,
        runtime.send_bell,
    )
    lease = Lease(secrets.token_hex(8))
    dispatcher = Dispatcher(runtime.db, office, lease, runtime.settings.send_slots)
    await dispatcher.run(stop)


async def run_clock(runtime: Runtime, stop: asyncio.Event) -> None:
    """What the time of day asks for: pruning the log, for now."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_job(
        prune,
        "interval",
        [runtime],
        minutes=PRUNE_MINUTES,
        next_run_time=runtime.clock(),
        misfire_grace_time=None,  # late is better than never
    )
    scheduler.start()
    await stop.wait()
    scheduler.shutdown(wait=False)


async def prune(runtime: Runtime) -> int:
    """Drop log records past their age; none that is not consumed yet."""
    async with runtime.db.read() as session:
        places = await list_places(session)
    floors = {key: place.next for key, place in places.items() if key[0] in TOPICS}
    age = timedelta(days=runtime.settings.log_retention_days)
    dropped = await runtime.log.retain(runtime.clock() - age, floors)
    log.debug("log pruned", records=dropped)
    return dropped


ROLES: Mapping[str, Role] = {
    "api": run_api,
    "consume": run_consumer,
    "plan": run_planner,
    "send": run_dispatcher,
    "clock": run_clock,
}
"""In the order in which they drain: intake first."""


class RoleEnded(Exception):
    """A role has ended although nobody asked it to."""


async def serve(runtime: Runtime, stop: asyncio.Event) -> None:
    """Run every role until `stop`, then drain them in order; one that fails takes all down."""
    stops = {name: asyncio.Event() for name in ROLES}
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(_run_role(name, role, runtime, stops[name]), name=name)
            for name, role in ROLES.items()
        }
        await stop.wait()
        for name, task in tasks.items():
            stops[name].set()
            runtime.plan_bell.ring()
            runtime.send_bell.ring()
            await asyncio.wait({task})


async def _run_role(name: str, role: Role, runtime: Runtime, stop: asyncio.Event) -> None:
    runtime.running[name] = True
    try:
        await role(runtime, stop)
    finally:
        runtime.running[name] = False
    if not stop.is_set():
        message = f"{name}: {RoleEnded.__doc__}"
        raise RoleEnded(message)


async def serve_until_signalled(settings: Settings) -> None:
    """The whole service, from the first byte to SIGTERM."""
    gc.freeze()  # the libraries stay: looking through them again and again costs seconds
    gc.set_threshold(*GARBAGE)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_runtime(settings) as runtime:
        log.info("listening", address=runtime.address, version=version("tariffwire"))
        await serve(runtime, stop)
