"""What the API works with: everything is handed in, nothing is made here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.sending.delivery import Reply
from service.log import Clock, Log
from service.roles import Pulse
from service.settings import Settings
from service.store.database import Database
from service.store.following.destinations import DestinationValue
from service.store.following.vault import OPEN_VAULT, Vault
from service.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Desk:
    """`try_out` sends one test message now; `pulses` says how each role of this process does.

    `wake_publisher` says that the outbox has something. `owns_log`: whether events may go straight
    to the log; it is not for a database that may be a copy. `render` gives the bytes of deliveries,
    as they were or will be sent, those that can be written. `wake_dispatch` says that something is
    to be planned, or sent, again. `vault` opens what is secret.
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
    render: Callable[[AsyncSession, Sequence[UUID]], Awaitable[Mapping[UUID, bytes]]]
    wake_dispatch: Callable[[], None]
    vault: Vault = OPEN_VAULT


async def _find(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_find)]
