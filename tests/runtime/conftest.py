"""A house to live in for as long as a test wants."""

import pytest

from tests.runtime.house import open_house


@pytest.fixture
async def house(database_url, tmp_path):
    async with open_house(database_url, tmp_path) as opened:
        yield opened
