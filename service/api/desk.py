"""What the API works with: everything is handed in, nothing is made here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from service.core.delivery import Reply
from service.log import Clock, Log
from service.roles import Pulse
from service.settings import Settings
from service.store.database import Database
from service.store.destinations import DestinationValue
from service.store.vault import OPEN_VAULT, Vault
from service.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Desk:
    """`try_out` sends one test message now; `pulses` says how each role of this process does.

    `wake_publisher` says that the outbox has something. `owns_log`: whether events may go straight
    to the log; it is not for a database that may be a copy. `vault` opens what is secret.
    """

    settings: Settings
    clock: Clock
    db: Database
    log: Log
    metrics: Metrics
    try_out: Callable[[DestinationValue], Awaitable[Reply]]
    pulses: Callable[[], Mapping[str, Pulse]]
    wake_publisher: Callable[[], None]
    owns_log: Callable[[], Awaitable[bool]]
    vault: Vault = OPEN_VAULT


async def _find(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_find)]
