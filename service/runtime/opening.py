"""Opening what the settings name, and closing it again in order."""

import asyncio
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import partial

import structlog

from service.core.proof.dkim import Signer
from service.core.proof.link import Links
from service.dispatch import Sender
from service.dispatch.http import WebhookSender
from service.dispatch.mail import MailSender
from service.dispatch.mailbox import Mailbox, read_mailbox
from service.dispatch.post import Letterhead
from service.dispatch.relay import WatchedRelay
from service.dispatch.seal import open_signer
from service.dispatch.slots import OVERHANG
from service.log import CHANGES, Log, LogUnavailable, open_log
from service.roles import Bell, Pulse
from service.runtime.listening import address_of, listen
from service.settings import Settings
from service.store.database import Database, DatabaseUnavailable, open_database
from service.store.following.accounts import ensure_default
from service.store.following.sealed import check_seals
from service.store.following.vault import Vault
from service.store.installation.home import Copied, refuse_copy, settle_in
from service.store.installation.identity import check_fit, check_name, know_address, know_self
from service.store.mail.keys import know_link_key
from service.store.migrations import migrate
from service.store.plans.publishing import pass_published
from service.telemetry import Metrics

Clock = Callable[[], datetime]
SWITCH_SECONDS = 0.001
WAITS_FOR_DATABASE = 30.0
POOLS = {"api": 10, "consume": 3, "plan": 3, "send": 4, "publish": 3, "clock": 2}
"""Connections to a database server that each role needs at its busiest."""

log = structlog.get_logger()


def utc_now() -> datetime:
    """The one place where the time of day is read."""
    return datetime.now(UTC)


class Bells(dict[str, Bell]):
    """One for each role that rests; rung here, and in every other process on this database."""

    def __init__(self, db: Database) -> None:
        super().__init__({name: Bell() for name in ("plan", "send", "publish", "invite")})
        self._db = db

    def ring(self, name: str) -> None:
        """There is work for this role, here or elsewhere."""
        self[name].ring()
        self._db.ring(name)

    def wake(self) -> None:
        """Have every loop of this process look up."""
        for bell in self.values():
            bell.ring()


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
    deployment: str
    bells: Bells
    vault: Vault
    is_copy: bool = False
    mailbox: Mailbox | None = None
    pulses: dict[str, Pulse] = field(default_factory=dict)
    _knows_log: bool = False
    _knowing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def running(self) -> dict[str, bool]:
        """Which roles run."""
        return {name: pulse.is_running for name, pulse in self.pulses.items()}

    async def know_log(self) -> None:
        """Once the log is in reach: its topics are there, and it is the log of this database.

        `LogUnavailable` before; `Copied` as long as the database may be a copy.
        """
        async with self._knowing:
            if not self._knows_log:
                await self.db.run_read(refuse_copy)
                for made in await self.log.prepare():
                    log.info("prepared the log", made=made)
                await check_fit(self.db, self.log, self.settings.deployment, self.clock())
                position = await self.log.published(CHANGES)
                await self.db.run_write(partial(pass_published, position=position))
                self._knows_log = True

    async def owns_log(self) -> bool:
        """Whether events may go straight to the log."""
        if self.is_copy:
            with suppress(Copied):
                await self.db.run_read(refuse_copy)
                self.is_copy = False
        return not self.is_copy


@asynccontextmanager
async def open_runtime(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Runtime]:
    """Open what the settings name, bring the schema up, and close everything again."""
    # SQLite works in threads: without this each of its answers waits for Python's 5 ms switch.
    sys.setswitchinterval(SWITCH_SECONDS)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        address = address_of(listener)
        pool = settings.database_pool or sum(POOLS[role] for role in settings.roles)
        db = await stack.enter_async_context(open_database(settings.database_url, pool))
        events = await stack.enter_async_context(open_log(settings.log_url, clock))
        deployment, api, is_copy = await _wait_for(db, settings, clock, address)
        vault = Vault(settings.secrets_keys)
        async with db.read() as session:
            await check_seals(session, vault)
        if db.is_shared and not vault.seals:
            log.warning("secrets are not sealed", mend="set TARIFFWIRE_SECRETS_KEY")
        key = await db.run_write(know_link_key)
        webhooks = await stack.enter_async_context(_open_webhooks(settings))
        mails = await stack.enter_async_context(_open_mails(settings))
        bells = Bells(db)
        callbacks = {name: bell.ring for name, bell in bells.items()}
        await stack.enter_async_context(db.listen(callbacks))
        runtime = Runtime(
            settings,
            clock,
            db,
            events,
            Metrics(),
            {"webhook": webhooks, "email": WatchedRelay(mails, db, clock)},
            _letterhead(settings, deployment, api, key),
            listener,
            address,
            deployment,
            bells,
            vault,
            is_copy,
            _open_mailbox(settings),
        )
        try:
            await runtime.know_log()
        except Copied as error:
            log.warning("nothing is read or sent", reason=str(error))
        except LogUnavailable as error:  # events go to the outbox; what reads the log waits
            log.warning("the log is out of reach", reason=str(error))
        yield runtime


async def _wait_for(
    db: Database, settings: Settings, clock: Clock, address: str
) -> tuple[str, str, bool]:
    """The schema of this release, in a database that may still be starting.

    Returns its deployment id, where the API is, and whether the database may be a copy.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + WAITS_FOR_DATABASE
    while True:
        try:
            return await _set_up(db, settings, clock, address)
        except DatabaseUnavailable as error:
            if loop.time() > last:
                raise
            log.warning("waits for the database", reason=str(error))
            await asyncio.sleep(1)


async def _set_up(
    db: Database, settings: Settings, clock: Clock, address: str
) -> tuple[str, str, bool]:
    await migrate(db)
    async with db.write() as session:
        await ensure_default(session, clock())
        deployment = await know_self(session, secrets.token_hex(8))
        await check_name(session, settings.deployment, clock())
        api = await know_address(session, address, serves="api" in settings.roles)
        return deployment, api, await settle_in(session, clock())


def _open_webhooks(settings: Settings) -> WebhookSender:
    return WebhookSender(
        loopback_allowed=settings.allow_loopback,
        networks=settings.allow_networks,
        ports=settings.webhook_ports,
        proxy=settings.egress_proxy,
        deadline=settings.webhook_timeout,
        limit=settings.send_slots * OVERHANG,
    )


def _open_mails(settings: Settings) -> MailSender:
    security = {"none": "plain"}.get(settings.smtp_tls, settings.smtp_tls)
    password = settings.smtp_password
    return MailSender(
        settings.smtp_host,
        settings.smtp_port,
        sender=parseaddr(settings.mail_from)[1],
        bounces=settings.mail_return,
        signer=_open_signer(settings),
        username=settings.smtp_user or None,
        password=password.get_secret_value() if password else None,
        security=security,  # type: ignore[arg-type]  # the setting's pattern allows these three
    )


def _open_mailbox(settings: Settings) -> Mailbox | None:
    url = settings.bounce_imap
    return read_mailbox(url.get_secret_value()) if url else None


def _open_signer(settings: Settings) -> Signer | None:
    if settings.dkim_key is None:
        return None
    domain = settings.dkim_domain or parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return open_signer(settings.dkim_key.get_secret_value(), domain, settings.dkim_selector)


def _letterhead(settings: Settings, deployment: str, api: str, key: bytes) -> Letterhead:
    base = settings.public_url or api
    return Letterhead(
        source=f"urn:tariffwire:{deployment}",
        dataschema=f"{base.rstrip('/')}/v1/schemas/alert",
        href_base=base,
        mail_from=settings.mail_from,
        links=Links(key, base),
    )
