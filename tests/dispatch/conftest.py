"""Parcels and alerts, and senders allowed to reach this machine."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from service.core.proof.signature import secret_from
from service.core.sending.delivery import Parcel
from service.dispatch.http import WebhookSender
from service.dispatch.mode import LIVE
from service.dispatch.plan import Planner
from service.telemetry import Metrics
from tests.books import consumer_of, silent, take
from tests.core.builders import measure
from tests.databases import make_database
from tests.dispatch.office import make_dispatcher

DELIVERY = UUID("0196d0c4-58a0-7000-8000-000000000001")
NOW = datetime(2025, 4, 10, 4, 1, tzinfo=UTC)
SECRET = secret_from(bytes(range(32)))
MAIL = b"From: alerts@example.com\r\nTo: ops@example.org\r\nSubject: 84 % to 125 %\r\n\r\nText\r\n"


@pytest.fixture
def parcel():
    """Build a parcel: `parcel(url)`, or `parcel(mail_address, kind="email")`."""

    def build(address, **more):
        kind = more.setdefault("kind", "webhook")
        more.setdefault("body", b'{"specversion":"1.0"}' if kind == "webhook" else MAIL)
        more = {"secrets": (SECRET,), "attempt": 1, "signed_at": NOW} | more
        return Parcel(delivery_id=DELIVERY, address=address, **more)

    return build


@pytest.fixture
async def sender():
    async with WebhookSender(loopback_allowed=True) as sender:
        yield sender


START = "2025-04-10T00:01:00-04:00"


@pytest.fixture
def alert(db, log, clock):
    """Make so many changes of one measure, planned for whoever subscribes."""
    made = []

    async def make(changes=1):
        for _ in range(changes):
            action = "increased" if made else "imposed"
            made.append(f"e{len(made)}")
            event = measure(made[-1], action, rate=str(10 + len(made)), effective_at=START)
            await take(consumer_of(db, log, clock), db, event)
        planner = Planner(db, clock, Metrics(), silent)
        while await planner.step():
            pass

    return make


@pytest.fixture
async def webhooks():
    async with WebhookSender(loopback_allowed=True, deadline=5) as sender:
        yield sender


@pytest.fixture
def dispatch(db, clock, webhooks):
    """Build a dispatcher; `holder` names it, as each process has its own."""

    def build(holder="us", slots=8, books=db, mode=LIVE, **senders):
        ways = {"webhook": webhooks} | senders
        return make_dispatcher(books, clock, ways, holder=holder, slots=slots, mode=mode)

    return build


@pytest.fixture
def server_database(migrated_on_server, postgres_url):
    """A database of this test's own, at head, that several processes may share."""
    with make_database(postgres_url, migrated_on_server) as url:
        yield url
