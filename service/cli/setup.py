"""What commands that run the service itself share: its settings, its logs, its event loop."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from tomllib import TOMLDecodeError
from typing import Any, TypeVar

from pydantic_settings import SettingsError

from service.settings import BadSetting, Settings, is_loopback, read_settings

CLIENT_ONLY = frozenset({"TARIFFWIRE_URL"})
Result = TypeVar("Result")


def read_own_settings(**given: Any) -> Settings:
    """From the options given, the environment and `tariffwire.toml`; `BadSetting` otherwise."""
    found = {name: text for name, text in os.environ.items() if name not in CLIENT_ONLY}
    stated = {name: one for name, one in given.items() if one is not None}
    try:
        return read_settings(found, **stated)
    except TOMLDecodeError as error:
        raise BadSetting(f"tariffwire.toml: {error}") from error
    except SettingsError as error:
        raise BadSetting(f"{error}: {error.__cause__}; lists are written as JSON") from error


def own_address(host: str, port: int) -> str:
    """Where this machine reaches a service with these settings."""
    reachable = host if is_loopback(host) else "127.0.0.1"
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}"


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """On uvloop where it is installed."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


async def until_signalled() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
