"""The whole service in this process, and what a client of its API does with it.

Real parts only: the API answers over a socket, alerts go to the receivers of `tests.receivers`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from standardwebhooks import Webhook

from service.runtime import Runtime, open_runtime, serve
from service.settings import Settings
from tests.journey.places import Place
from tests.mailserver import MailServer
from tests.receivers import HttpReceiver, Mail, Request, SmtpReceiver

PATIENCE = 60
"""Seconds after which what has not happened never will; no proof rests on how long a thing took."""

Json = dict[str, Any]


class Watch:
    """The time of day, which a test may set forward instead of sleeping."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, **by: float) -> None:
        self._ahead += timedelta(**by)

    def set(self, instant: datetime) -> None:
        """From there it goes on."""
        self._ahead += instant - self()


class Service:
    """A running service: `api` speaks to it, `watch` is its clock."""

    def __init__(self, runtime: Runtime, api: httpx.AsyncClient, watch: Watch) -> None:
        self.runtime = runtime
        self.api = api
        self.watch = watch

    async def ask(self, path: str, **query: str | int) -> Any:
        answer = await self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def subscribe(self, **form: Any) -> Json:
        """The answer, with the secret of a destination that it made."""
        answer = await self.api.post("/v1/subscriptions", json=form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def send(self, *events: Json) -> Json:
        answer = await self.api.post("/v1/events", json=list(events))
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def settle(self) -> Json:
        """The status once nothing waits in any stage, asked twice."""
        async with asyncio.timeout(PATIENCE):
            seen = await self.ask("/v1/status")
            while True:
                former, seen = seen, await self.ask("/v1/status")
                if waiting(seen) == waiting(former) == 0 and done(seen) == done(former):
                    return seen
                await asyncio.sleep(0.05)

    async def attempted(self, times: int) -> Json:
        """The only delivery, once so many attempts at it are in the books."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for one in (await self.ask("/v1/deliveries"))["items"]:
                    found = await self.ask(one["href"])
                    if len(found["attempted"]) == times:
                        return found
                await asyncio.sleep(0.02)


def waiting(status: Json) -> int:
    return sum(stage["waiting"] for stage in status["stages"].values())


def done(status: Json) -> list[int]:
    return [stage["done"] for stage in status["stages"].values()]


@asynccontextmanager
async def run_service(
    place: Place,
    smtp: SmtpReceiver | MailServer | None = None,
    watch: Watch | None = None,
    **more: Any,
) -> AsyncIterator[Service]:
    """All roles, on a port that the system picks; ended as SIGTERM would end it.

    Readers are not asked first, unless `more` says so, which are settings.
    """
    await place.prepare()
    settings = Settings(
        **{"opt_in": "off"} | more,
        **place.settings,
        port=0,
        allow_loopback=True,
        smtp_port=smtp.port if smtp else 25,
        mail_from="Tariff desk <desk@alerts.example>",
    )
    stop, watch = asyncio.Event(), watch or Watch()
    async with open_runtime(settings, watch) as runtime:
        serving = asyncio.create_task(serve(runtime, stop))
        try:
            async with httpx.AsyncClient(base_url=runtime.address, timeout=PATIENCE) as api:
                yield Service(runtime, api, watch)
        finally:
            stop.set()
            await asyncio.wait_for(serving, PATIENCE)
    await place.clear()


def path_at(receiver: HttpReceiver, name: str) -> str:
    """One receiver stands for many: each destination has a path of its own."""
    return f"{receiver.url.removesuffix('/hook')}/{name}"


def secret_of(made: Json) -> str:
    """Of the destination that came with a subscription."""
    return made["created_destinations"][0]["secret"]


def body_of(request: Request) -> Json:
    return json.loads(request.body)


def cause_of(request: Request) -> str:
    """The id of the event that caused an alert."""
    return body_of(request)["data"]["cause"]["id"]


def verify(request: Request, secret: str) -> Json:
    """By PyPI's `standardwebhooks`: raises what that raises."""
    return Webhook(secret).verify(request.body, dict(request.headers))


def parse(request: Request) -> BaseCloudEvent:
    """By PyPI's `cloudevents`, in structured mode."""
    return from_structured_event(HTTPMessage(dict(request.headers), request.body))


def letter_of(mail: Mail) -> EmailMessage:
    """As a mail program reads it."""
    return message_from_bytes(mail.content, policy=policy.default)


def text_of(mail: Mail) -> str:
    """Its plain text."""
    return letter_of(mail).get_body(("plain",)).get_content()


SOURCE = "urn:example:desk"


def measure(
    name: str, key: str, percent: int | str, *, action: str = "increased", **data: Any
) -> Json:
    """An order on all goods of China: enough for an alert, and to be written over by `data`."""
    return {
        "specversion": "1.0",
        "id": name,
        "source": SOURCE,
        "type": "tariff.measure",
        "data": {
            "measure": key,
            "importer": "US",
            "origin": {"kind": "country", "members": ["CN"]},
            "product": {"scope": "all"},
            "programme": "IEEPA-reciprocal",
            "duty": {
                "components": [{"kind": "ad_valorem", "amount": str(percent)}],
                "basis": "additional",
            },
            "action": action,
            "certainty": "instrument",
            "announced_at": "2025-04-08",
            "effective_at": "2025-04-09T00:01:00-04:00",
            "instrument": {"kind": "executive_order", "number": "14259"},
        }
        | data,
    }
