"""An embedded installation in the middle of its year, and an empty place to move it to."""

import asyncio

import pytest

from tests.journey.places import Distributed
from tests.move.scenes import Scene, play_first_half
from tests.receivers import http_receiver


@pytest.fixture(scope="session")
def half_year(tmp_path_factory) -> Scene:
    """Played once; who goes on with it takes a copy of its folder. Its receiver is gone."""

    async def play() -> Scene:
        async with http_receiver() as receiver:
            return await play_first_half(tmp_path_factory.mktemp("half") / "here", receiver)

    return asyncio.run(play())


@pytest.fixture
def scene(half_year, tmp_path) -> Scene:
    """The same in a folder of the test's own."""
    return half_year.copy(tmp_path / "here")


@pytest.fixture
async def there(kafka_bootstrap, postgres_url):
    """An empty database and an empty prefix."""
    place = Distributed(kafka_bootstrap, postgres_url)
    await place.prepare()
    yield place
    await place.clear()


@pytest.fixture
async def receiver():
    """Takes every alert unless told otherwise."""
    async with http_receiver() as found:
        yield found
