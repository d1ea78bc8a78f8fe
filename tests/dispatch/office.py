"""Dispatchers and what they work on, for all tests of sending."""

from datetime import timedelta

from service.dispatch.mode import LIVE
from service.dispatch.post import Letterhead
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.dispatch.slots import Room
from service.roles import Bell
from service.store.delivery.claiming import KINDS, Asked, claim
from service.store.following.vault import OPEN_VAULT
from service.telemetry import Metrics
from tests.books import add_receiver, subscribe

HEAD = Letterhead("urn:tariffwire:test", "http://here/schema", "http://here/", "w@mail.test")
LEASE = 60.0


def make_dispatcher(db, clock, senders, *, holder="us", slots=8, mode=LIVE, vault=OPEN_VAULT):
    """A dispatcher as a process of its own has it."""
    office = Office(senders, Renderer(HEAD), clock, lambda: 0.5, Metrics(), Bell(), mode, vault)
    return Dispatcher(db, office, Lease(holder, LEASE), slots)


async def claim_for(session, holder, now, limit=100, seconds=LEASE):
    """What a sender with so many free slots claims."""
    room = Room(dict.fromkeys(KINDS, limit), {}, {}, ())
    asked = Asked(holder, now, now + timedelta(seconds=seconds), room)
    return (await claim(session, asked))[0]


async def send_all(dispatcher):
    """Until nothing is due and nothing in the air."""
    while await dispatcher.turn():
        await dispatcher.drain()


async def follow(db, name, receiver=None, **more):
    """Everything, to one destination."""
    await add_receiver(db, name, **({"address": receiver.url} if receiver else {}), **more)
    await subscribe(db, f"all-{name}", [name])
