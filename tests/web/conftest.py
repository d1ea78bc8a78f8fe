"""The site over real books, and the links that its readers hold."""

import httpx
import pytest

from service.core.proof.link import Links, Purpose
from service.store.mail.readers import set_state
from service.web import Lobby, make_site
from tests.books import NOW, add_receiver, subscribe

BASE = "https://wire.example"
ADDRESS = "desk@importer.example"


@pytest.fixture
def links():
    return Links(bytes(range(32)), BASE)


@pytest.fixture
async def site(db, clock, links):
    transport = httpx.ASGITransport(app=make_site(Lobby(db, clock, links)))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@pytest.fixture
async def reader(db, links):
    """Make a reader in a state; gives a function from purpose to link."""

    async def make(state="active", reason="", name="desk", address=ADDRESS):
        await add_receiver(db, name, address, "email")
        await subscribe(db, f"all-{name}", [name])
        async with db.write() as session:
            await set_state(session, name, state, reason, NOW)
        return {one: links.make(one, name, address, NOW) for one in Purpose}

    return make
