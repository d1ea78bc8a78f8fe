"""The API on a real database and a real log, in a temporary folder."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from service.api import Desk, create_app
from service.core.sending.delivery import Reply
from service.dispatch.render import Renderer
from service.log import Log
from service.roles import Pulse
from service.settings import Settings
from service.store.database import Database
from service.store.following.destinations import DestinationValue
from service.store.following.vault import Vault
from service.telemetry import Metrics
from tests.books import silent
from tests.dispatch.office import HEAD

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
KEY = b"k" * 32
"""Under which this installation seals its secrets."""
API_KEY = "tw_live_7_secret"


class Watch:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Tester:
    """Stands where the sender will: remembers who was tried out."""

    def __init__(self) -> None:
        self.tried: list[DestinationValue] = []

    async def __call__(self, destination: DestinationValue) -> Reply:
        self.tried.append(destination)
        return Reply(accepted=True, status=204, reason="taken", timings={"total": 0.25})


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, log_url=f"sqlite:///{tmp_path}/log.db")


async def _owned() -> bool:
    return True


@pytest.fixture
def desk(settings: Settings, clock: Watch, db: Database, log: Log) -> Desk:
    pulses = {"consume": Pulse("consume", is_running=True)}
    render = Renderer(HEAD).bodies
    return Desk(
        settings,
        clock,
        db,
        log,
        Metrics(),
        Tester(),
        lambda: pulses,
        silent,
        _owned,
        render,
        silent,
        Vault([KEY]),
    )


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


@pytest.fixture
async def locked(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has not shown the API key, where one is needed."""
    settings = desk.settings.model_copy(update={"api_key": SecretStr(API_KEY)})
    transport = httpx.ASGITransport(app=create_app(replace(desk, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client
