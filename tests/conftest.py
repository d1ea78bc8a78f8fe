"""Real books and a real log in a temporary folder; every engine joins by one more param."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.log import Log, open_log
from service.store.database import Database, open_database
from tests.books import Watch, prepare


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty books at head, made once: a copy costs far less than the migrations."""
    path = tmp_path_factory.mktemp("books") / "books.db"

    async def make() -> None:
        async with open_database(f"sqlite:///{path}") as database:
            await prepare(database)

    asyncio.run(make())
    return path


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> str:
    """A database of this test's own, at head."""
    path = shutil.copy(migrated, tmp_path / "books.db")
    return {"sqlite": f"sqlite:///{path}"}[request.param]


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
async def log(tmp_path: Path, clock: Watch) -> AsyncIterator[Log]:
    async with open_log(f"sqlite:///{tmp_path}/log.db", clock) as opened:
        yield opened
