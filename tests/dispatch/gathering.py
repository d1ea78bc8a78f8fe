"""Destinations with wishes, changes that wait, and letting them go, for all tests of gathering."""

import json

from sqlalchemy import update

from service.core.destination.preferences import Preferences, write_preferences
from service.dispatch.chores import Gatherer
from service.dispatch.plan import Planner
from service.store.following.tables import Destination
from service.telemetry import Metrics
from service.verify.books import Books
from service.verify.finding import Kind
from service.verify.walk import walk
from tests.books import NOW, consumer_of, silent, take
from tests.core.builders import measure
from tests.dispatch.office import follow

START = "2025-04-10T00:01:00-04:00"
DAILY = {"digest": {"every": "day", "at": "07:00"}}
NIGHT = {"quiet_hours": {"from": "19:00", "to": "06:00"}}  # it is 20:00 when tests begin
ORDER = {"kind": "executive_order", "number": "EO 14257"}
CRITICAL = "60"


async def follow_with(db, name, receiver=None, *, wishes, **more):
    """Everything, to one destination that wishes something."""
    await follow(db, name, receiver, **more)
    await wish(db, name, **wishes)


async def wish(db, name, **wishes):
    text = write_preferences(Preferences.model_validate(wishes))
    async with db.write() as session:
        changed = update(Destination).where(Destination.id == name).values(preferences=text)
        await session.execute(changed)


def teller(db, log, clock):
    """Makes changes, planned for whoever subscribes: of severity high, unless its rate is large."""
    made = []

    async def tell(*rates, **fields):
        events = []
        for rate in rates:
            made.append(f"e{len(made)}")
            own = {"measure": f"us-{made[-1]}", "rate": rate, "effective_at": START}
            events.append(measure(made[-1], **own | fields))
        await take(consumer_of(db, log, clock), db, *events)
        planner = Planner(db, clock, Metrics(), silent)
        while await planner.step():
            pass

    return tell


async def let_go(db, clock):
    """What is due; how many turns that took."""
    gatherer, turns = Gatherer(db, clock, silent), 0
    while await gatherer.step():
        turns += 1
    return turns


def bodies(receiver):
    return [json.loads(one.body) for one in receiver.requests]


def types(receiver):
    return [one["type"].removeprefix("tariffwire.") for one in bodies(receiver)]


async def find_faults(db, clock):
    """What does not add up in the books; what waits for its turn may be late."""
    async with db.read() as session:
        found = [one async for one in walk(Books(session, clock(), NOW))]
    return [str(one) for one in found if one.kind is Kind.WRONG]
