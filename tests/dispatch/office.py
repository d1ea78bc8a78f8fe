"""Dispatchers and what they work on, for all tests of sending."""

from service.dispatch.mode import LIVE
from service.dispatch.post import Letterhead
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.roles import Bell
from service.telemetry import Metrics
from tests.books import add_receiver, subscribe

HEAD = Letterhead("urn:tariffwire:test", "http://here/schema", "http://here/", "w@mail.test")
LEASE = 60.0


def make_dispatcher(db, clock, senders, *, holder="us", slots=8, mode=LIVE):
    """A dispatcher as a process of its own has it."""
    office = Office(senders, Renderer(HEAD), clock, lambda: 0.5, Metrics(), Bell(), mode)
    return Dispatcher(db, office, Lease(holder, LEASE), slots)


async def send_all(dispatcher):
    """Until nothing is due and nothing in the air."""
    while await dispatcher.turn():
        await dispatcher.drain()


async def follow(db, name, receiver=None, **more):
    """Everything, to one destination."""
    await add_receiver(db, name, **({"address": receiver.url} if receiver else {}), **more)
    await subscribe(db, f"all-{name}", [name])
