"""A change told to a webhook, an email box and one who asks."""

import pytest

from service.dispatch.plan import Planner
from tests.api.samples import consume, measure
from tests.books import silent

LANE = {"country": "CN"}


@pytest.fixture
def tell(api, desk, clock):
    """Post events one by one, and plan the changes that they make."""

    async def post(*events):
        for event in events:
            clock.advance(minutes=1)
            await api.post("/v1/events", json=event)
        await consume(desk)
        planner = Planner(desk.db, desk.clock, desk.metrics, silent)
        while await planner.step():
            pass

    return post


@pytest.fixture
async def places(api, clock):
    """kind → the destination as it was answered when it was made."""
    made = {}
    for kind, form in (
        ("webhook", {"url": "https://example.com/hook"}),
        ("email", {"email": "desk@example.com", "confirmed": True, "consent": "by letter"}),
        ("pull", {"pull": True}),
    ):
        clock.advance(seconds=1)
        made[kind] = (await api.post("/v1/destinations", json=form)).json()
    ids = [one["id"] for one in made.values()]
    await api.post("/v1/subscriptions", json={"lanes": [LANE], "destinations": ids})
    return made


@pytest.fixture
async def change(api, places, tell):
    """Its id; three alerts of it are planned."""
    await tell(measure("e1"))
    ((one,),) = [(await api.get("/v1/changes")).json()["items"]]
    return one["id"]
