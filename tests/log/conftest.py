"""Logs to test: whatever is listed in `params` must keep the whole contract."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.log import Log, open_log


class Watch:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2025, 4, 2, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture(params=["embedded"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return {"embedded": f"sqlite:///{tmp_path}/log.db"}[request.param]


@pytest.fixture
async def log(log_url: str, clock: Watch) -> AsyncIterator[Log]:
    async with open_log(log_url, clock) as opened:
        yield opened
