"""Books on a server, for what only a server has."""

import pytest

from service.store.database import open_database
from tests.databases import make_database


@pytest.fixture
def server_url(postgres_url, migrated_on_server):
    with make_database(postgres_url, migrated_on_server) as url:
        yield url


@pytest.fixture
async def server(server_url):
    async with open_database(server_url) as database:
        yield database
