"""Real books and a real log in a temporary folder; every engine joins by one more param."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from service.log import Log, open_log
from service.store.database import Database, open_database
from tests.books import Watch
from tests.databases import KINDS, make_database, migrate_at

pytest_plugins = ["tests.engines.plugin", "tests.memory"]


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty books at head, made once: a copy costs far less than the migrations."""
    path = tmp_path_factory.mktemp("books") / "books.db"
    migrate_at(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_on_server(postgres_url: str) -> Iterator[str]:
    """The same on a server, as a template."""
    with make_database(postgres_url) as url:
        migrate_at(url)
        yield url


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own, at head."""
    if request.param == "sqlite":
        migrated = request.getfixturevalue("migrated")
        yield f"sqlite:///{shutil.copy(migrated, tmp_path / 'books.db')}"
    else:
        template = request.getfixturevalue("migrated_on_server")
        server = request.getfixturevalue("postgres_url")
        with make_database(server, template) as url:
            yield url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
async def log(tmp_path: Path, clock: Watch) -> AsyncIterator[Log]:
    async with open_log(f"sqlite:///{tmp_path}/log.db", clock) as opened:
        yield opened
