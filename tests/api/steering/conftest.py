"""A change told to a webhook, an email box and one who asks."""

from uuid import UUID

import pytest
from sqlalchemy import delete, insert

from service.dispatch.plan import Planner
from service.store.delivery.tables import Delivery, Receipt
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


@pytest.fixture
def end(desk):
    """Give a delivery the end that a sender would."""

    async def write(identity, outcome, sha256="aa", attempts=1):
        made = {"outcome": outcome, "reason": "as it went", "attempts": attempts}
        async with desk.db.write() as session:
            await session.execute(delete(Delivery).where(Delivery.id == UUID(identity)))
            await session.execute(
                insert(Receipt),
                [
                    made
                    | {
                        "delivery_id": UUID(identity),
                        "finished_at": desk.clock(),
                        "sha256": sha256,
                    }
                ],
            )

    return write
