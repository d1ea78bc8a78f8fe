"""`tariffwire demo`: the whole service on the events of 2025, seen by four importers.

Nothing is pretended: events go in over HTTP, a receiver verifies every signature, an SMTP server
accepts every mail. Only the importers are made up, and the alerts are marked as simulated.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from service.demo.account import Account
from service.demo.mailbox import LOOPBACK, open_mailbox
from service.demo.play import Play
from service.demo.stage import Stage
from service.listener import Listener, open_listener
from service.runtime import Runtime, open_runtime, serve, utc_now
from service.settings import Settings

__all__ = ["Account", "Stage", "perform"]


Linger = Callable[[], Awaitable[None]]


async def perform(stage: Stage, *, fast: bool, linger: Linger | None = None) -> Account:
    """The whole demo. It ends by itself, or goes on serving until `linger` returns."""
    play = Play(stage)
    async with AsyncExitStack() as stack:
        hooks = Listener(play.secrets_of, play.hear_webhook, utc_now)
        hook_url = await stack.enter_async_context(open_listener(hooks, LOOPBACK, 0))
        smtp_port = await stack.enter_async_context(open_mailbox(play.hear_mail))
        runtime = await stack.enter_async_context(_open_service(smtp_port))
        url = runtime.address
        api = await stack.enter_async_context(play.telling(url))
        account = await play.perform(api, runtime.db, hook_url, fast=fast)
        stage.close(account)
        stage.guide(url if linger else None)
        if linger:
            await linger()
    return account


@asynccontextmanager
async def _open_service(smtp_port: int) -> AsyncIterator[Runtime]:
    """On a temporary folder; what fails in it fails the demo."""
    with TemporaryDirectory(prefix="tariffwire-demo-") as folder:
        stop = asyncio.Event()
        async with (
            open_runtime(_settings(Path(folder), smtp_port)) as runtime,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(serve(runtime, stop))
            try:
                yield runtime
            finally:
                stop.set()


def _settings(folder: Path, smtp_port: int) -> Settings:
    """Its own, whatever the environment says."""
    return Settings.model_construct(
        database_url=f"sqlite:///{folder}/demo.db",
        log_url=f"sqlite:///{folder}/demo-log.db",
        port=0,
        allow_loopback=True,
        smtp_host=LOOPBACK,
        smtp_port=smtp_port,
        mail_from="alerts@tariffwire.example",
    )
