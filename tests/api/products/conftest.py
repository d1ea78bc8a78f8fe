"""Events told and planned, and the bodies of all alerts as they are sent."""

import json

import pytest
from sqlalchemy import select
from sqlmodel import col

from service.dispatch.plan import Planner
from service.store.delivery.tables import Alert
from tests.api.samples import consume
from tests.books import silent


@pytest.fixture
def tell(api, desk, clock):
    """Post events one by one, and plan the changes that they make."""

    async def post(*events):
        for event in events:
            clock.advance(minutes=1)
            answer = await api.post("/v1/events", json=event)
            assert answer.status_code == 202, answer.text
        await consume(desk)
        planner = Planner(desk.db, desk.clock, desk.metrics, silent)
        while await planner.step():
            pass

    return post


@pytest.fixture
def bodies(desk):
    """What every alert says, in the order of their making; a mail as its text."""

    async def read():
        async with desk.db.read() as session:
            wanted = select(col(Alert.id)).order_by(col(Alert.number))
            ids = (await session.execute(wanted)).scalars().all()
            found = await desk.render(session, ids)
        return [_decode(found[one]) for one in ids]

    return read


def _decode(body):
    return json.loads(body) if body.startswith(b"{") else body.decode()
