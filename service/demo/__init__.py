"""`tariffwire demo`: the whole service on the events of 2025, seen by four importers.

Nothing is pretended: events go in over HTTP, a receiver verifies every signature, an SMTP server
accepts every mail. Only the importers are made up, and the alerts are marked as simulated.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from tempfile import TemporaryDirectory

from service.demo.account import Account
from service.demo.mailbox import LOOPBACK, open_mailbox
from service.demo.play import Play
from service.demo.stage import Stage
from service.listener import Listener, open_listener
from service.runtime import Runtime, open_runtime, serve, utc_now
from service.settings import Settings
from service.store.numbers import last_number

__all__ = ["Account", "Stage", "perform"]


Linger = Callable[[], Awaitable[None]]


Engines = tuple[str, str]
"""URLs of a database and a log, both of them empty."""


async def perform(
    stage: Stage, *, fast: bool, linger: Linger | None = None, engines: Engines | None = None
) -> Account:
    """The whole demo. It ends by itself, or goes on serving until `linger` returns.

    Without `engines` it has a database and a log of its own, in a temporary folder.
    """
    play = Play(stage)
    async with AsyncExitStack() as stack:
        hooks = Listener(play.secrets_of, play.hear_webhook, utc_now)
        hook_url = await stack.enter_async_context(open_listener(hooks, LOOPBACK, 0))
        smtp_port = await stack.enter_async_context(open_mailbox(play.hear_mail))
        runtime = await stack.enter_async_context(_open_service(smtp_port, engines))
        url = runtime.address
        api = await stack.enter_async_context(play.telling(url))
        account = await play.perform(api, runtime.db, hook_url, fast=fast)
        stage.close(account)
        stage.guide(url if linger else None)
        if linger:
            await linger()
    return account


@asynccontextmanager
async def _open_service(smtp_port: int, engines: Engines | None) -> AsyncIterator[Runtime]:
    """What fails in it fails the demo."""
    with TemporaryDirectory(prefix="tariffwire-demo-") as folder:
        own = (f"sqlite:///{folder}/demo.db", f"sqlite:///{folder}/demo-log.db")
        stop = asyncio.Event()
        async with (
            open_runtime(_settings(*(engines or own), smtp_port)) as runtime,
            asyncio.TaskGroup() as group,
        ):
            await _refuse_used(runtime)
            group.create_task(serve(runtime, stop))
            try:
                yield runtime
            finally:
                stop.set()


class NotEmpty(Exception):
    """The demo needs a database of its own: this one already holds changes."""


async def _refuse_used(runtime: Runtime) -> None:
    async with runtime.db.read() as session:
        if await last_number(session, "events"):
            raise NotEmpty(NotEmpty.__doc__)


def _settings(database_url: str, log_url: str, smtp_port: int) -> Settings:
    """Its own, whatever the environment says."""
    return Settings.model_construct(
        database_url=database_url,
        log_url=log_url,
        port=0,
        allow_loopback=True,
        smtp_host=LOOPBACK,
        smtp_port=smtp_port,
        mail_from="alerts@tariffwire.example",
        opt_in="off",  # its readers are made up, and nobody answers for them
    )
