"""A whole installation whose clock moves only when told, with its senders and its API."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from service.api import create_app
from service.dispatch.http import WebhookSender
from service.dispatch.mail import MailSender
from service.dispatch.plan import Planner
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.roles import Bell
from service.runtime import open_runtime
from service.runtime.owners import care_for_failing, send_heartbeats
from service.runtime.running import desk_of
from service.settings import Settings
from service.telemetry import Metrics
from tests.books import Watch, consumer_of, silent, subscribe, take
from tests.core.builders import measure
from tests.dispatch.office import send_all
from tests.receivers import Answer, smtp_receiver

OPERATOR = "ops@operator.example"
BROKEN = Answer(status=500)


class House:
    """`relay` takes all mails; `clock` begins at 20:00 UTC on a Wednesday."""

    def __init__(self, runtime, api, senders, relay):
        self.runtime, self.api, self.relay = runtime, api, relay
        self.db, self.clock = runtime.db, runtime.clock
        self._senders = senders
        self._made = 0

    async def add(self, receiver=None, **more):
        """A destination; its id."""
        more |= {"url": receiver.url} if receiver else {}
        if "email" in more:
            more |= {"confirmed": True, "consent": "at the desk"}
        answer = await self.api.post("/v1/destinations", json=more)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def follow(self, receiver=None, **more):
        """One that follows everything."""
        name = await self.add(receiver, **more)
        await subscribe(self.db, f"all-{name}", [name])
        return name

    async def patch(self, name, /, **what):
        answer = await self.api.patch(f"/v1/destinations/{name}", json=what)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path, **query):
        answer = await self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def alert(self, count=1):
        """So many changes, planned for whoever follows."""
        for _ in range(count):
            action = "increased" if self._made else "imposed"
            self._made += 1
            more = {"rate": str(10 + self._made), "effective_at": "2025-04-10T00:01:00-04:00"}
            event = measure(f"e{self._made}", action, **more)
            await take(consumer_of(self.db, self.runtime.log, self.clock), self.db, event)
        planner = Planner(self.db, self.clock, Metrics(), silent)
        while await planner.step():
            pass

    async def send(self):
        """All that is due, by a sender that has just started, and so looks at every lane."""
        renderer = Renderer(self.runtime.letterhead)
        office = Office(
            self._senders, renderer, self.clock, lambda: 0.5, self.runtime.metrics, Bell()
        )
        await send_all(Dispatcher(self.db, office, Lease("us", 60), 8))

    async def care(self):
        """As the clock does each minute, then send."""
        await care_for_failing(self.runtime)
        await self.send()

    async def beat(self):
        told = await send_heartbeats(self.runtime)
        await self.send()
        return told

    async def pass_hours(self, hours):
        """Hour by hour, with all that is due in each."""
        for _ in range(int(hours)):
            self.clock.advance(hours=1)
            await self.send()
            await self.care()

    def set_back(self, **by):
        self.clock.now -= timedelta(**by)


def told(receiver):
    """What a receiver was told beside alerts: types and data."""
    bodies = [json.loads(one.body) for one in receiver.requests]
    return [
        (one["type"].removeprefix("tariffwire."), one["data"])
        for one in bodies
        if one["type"] != "tariffwire.change"
    ]


def kinds(receiver):
    """The same in short: `destination.failing 50`."""
    return [f"{kind} {data.get('percent', '')}".strip() for kind, data in told(receiver)]


def counted(house, kind):
    """As the metric says."""
    registry = house.runtime.metrics.registry
    return registry.get_sample_value("tariffwire_notices_total", {"kind": kind})


@asynccontextmanager
async def open_house(database_url, folder, **settings):
    """With the operator's address, unless it is given otherwise."""
    given = Settings(
        database_url=database_url,
        log_url=f"sqlite:///{folder}/log.db",
        port=0,
        allow_loopback=True,
        mail_from="alerts@mail.test",
        **{"warn_email": OPERATOR} | settings,
    )
    async with (
        open_runtime(given, Watch()) as runtime,
        smtp_receiver() as relay,
        WebhookSender(loopback_allowed=True, deadline=5) as webhooks,
        MailSender("127.0.0.1", relay.port, sender="alerts@mail.test") as mails,
    ):
        transport = httpx.ASGITransport(create_app(desk_of(runtime)))
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as api:
            yield House(runtime, api, {"webhook": webhooks, "email": mails}, relay)
