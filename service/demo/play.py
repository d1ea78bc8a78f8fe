"""The year, played: importers enlist, events go in one by one, alerts are told as they arrive."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import httpx

from service.core.change import Change, read_change
from service.demo.account import Account, Tally, Unsent, misses, silent_events
from service.demo.importers import IMPORTERS, Importer
from service.demo.mailbox import Mail
from service.demo.stage import Stage
from service.events_of_2025 import read_year
from service.listener import Heard
from service.store.database import Database
from service.store.delivery.claiming import read_changes

PLAY_SECONDS = 7.0
"""How long the year takes when nobody is in a hurry."""
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
PAGE = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """One alert at its importer; `summary` as it was sent."""

    importer: Importer
    id: str
    change: str
    summary: str


class Play:
    """What the importers' receivers see, and the run itself."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._secrets: dict[str, str] = {}
        self._destinations: dict[str, str] = {}
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
        self._seen: dict[str, Counter[str]] = {one.name: Counter() for one in IMPORTERS}
        self._faults: list[str] = []

    def secrets_of(self, path: str) -> Sequence[str]:
        """The signing secret of the importer behind a webhook path."""
        found = self._secrets.get(path)
        return [found] if found else []

    def hear_webhook(self, heard: Heard) -> None:
        """From the receiver: verified, or not."""
        importer = next((one for one in IMPORTERS if f"/{one.slug}" == heard.path), None)
        if importer is None or heard.fault:
            self._faults.append(f"{heard.path}: {heard.fault or 'nobody lives here'}")
            return
        data = heard.data
        self._take(Arrival(importer, heard.id, str(data["change"]), str(data["summary"])))

    def hear_mail(self, mail: Mail) -> None:
        """From the SMTP server."""
        importer = next((one for one in IMPORTERS if one.email == mail.recipient), None)
        if importer is None:
            self._faults.append(f"{mail.recipient}: nobody lives here")
            return
        self._take(Arrival(importer, mail.id, mail.change, mail.summary))

    def _take(self, arrival: Arrival) -> None:
        seen = self._seen[arrival.importer.name]
        seen[arrival.id] += 1
        if seen[arrival.id] == 1:
            self._arrivals.put_nowait(arrival)

    @asynccontextmanager
    async def telling(self, url: str) -> AsyncIterator[httpx.AsyncClient]:
        """Tell of each alert as it arrives, for as long as the block lasts; gives a client."""
        async with (
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as api,
            asyncio.TaskGroup() as group,
        ):
            teller = group.create_task(self._tell(api))
            try:
                yield api
            finally:
                teller.cancel()

    async def perform(
        self, api: httpx.AsyncClient, db: Database, hook_url: str, *, fast: bool
    ) -> Account:
        """Enlist, send the year, wait until nothing waits any more, and count."""
        events = read_year()
        self._stage.open(str(api.base_url), len(events))
        for one in IMPORTERS:
            await self._enlist(api, one, hook_url)
        clock = asyncio.get_running_loop().time
        started = clock()
        await _send(api, events, 0 if fast else PLAY_SECONDS)
        is_done = await _settle(api)
        seconds = clock() - started
        again = await _send_again(api, events)
        is_done = is_done and await _settle(api)
        await self._arrivals.join()
        account = await self._count(db, api, seconds, is_done=is_done)
        return replace(account, unsent=(again, *account.unsent))

    async def _enlist(self, api: httpx.AsyncClient, importer: Importer, hook_url: str) -> None:
        path = f"/{importer.slug}"
        form = {"name": importer.name, "external_id": importer.slug, **importer.asked}
        is_webhook = importer.channel == "webhook"
        address = {"url": hook_url + path} if is_webhook else {"email": importer.email}
        answer = await api.post("/v1/subscriptions", json=form | address)
        destination = answer.raise_for_status().json()["created_destinations"][0]
        self._destinations[importer.name] = destination["id"]
        if is_webhook:
            self._secrets[path] = destination["secret"]

    async def _tell(self, api: httpx.AsyncClient) -> None:
        """In order of arrival; the day is the one on which the public came to know."""
        days: dict[str, datetime] = {}
        while True:
            arrival = await self._arrivals.get()
            if arrival.change not in days:
                found = await _get(api, f"/v1/changes/{arrival.change}")
                days[arrival.change] = datetime.fromisoformat(found["known_at"])
            self._stage.tell(days[arrival.change], arrival.importer, arrival.summary)
            self._arrivals.task_done()

    async def _count(
        self, db: Database, api: httpx.AsyncClient, seconds: float, *, is_done: bool
    ) -> Account:
        recorded = await _list(api, "/v1/events")
        changes = await _read_changes(api, db)
        tallies = [await self._tally(api, one) for one in IMPORTERS]
        return Account(
            len(recorded),
            dict(Counter(one["outcome"] for one in recorded)),
            len(changes),
            seconds,
            tuple(tallies),
            tuple(_unsent(recorded, changes)),
            tuple(self._failures(tallies, is_done=is_done)),
        )

    async def _tally(self, api: httpx.AsyncClient, importer: Importer) -> Tally:
        destination = self._destinations[importer.name]
        promised = await _list(api, "/v1/deliveries", destination=destination)
        seen = self._seen[importer.name]
        received = seen.keys() & {one["id"] for one in promised}
        return Tally(
            importer.name,
            importer.follows,
            importer.channel,
            len(promised),
            len(received),
            verified=len(seen),
            repeated=seen.total() - len(seen),
        )

    def _failures(self, tallies: Sequence[Tally], *, is_done: bool) -> list[str]:
        late = [] if is_done else [f"it was not done within {PATIENCE_SECONDS:g} s"]
        torn = [f"{one.importer}: {one}" for one in tallies if not one.is_whole]
        return [*late, *torn, *self._faults]


async def _send(api: httpx.AsyncClient, events: Sequence[dict[str, Any]], seconds: float) -> None:
    """In the order in which they became known; a pause after each day of the year."""
    days = [list(group) for _, group in groupby(events, key=lambda one: one["knownfrom"][:10])]
    for day in days:
        for event in day:
            answer = await api.post("/v1/events", json=event | {"handling": "simulated"})
            answer.raise_for_status()
        await asyncio.sleep(seconds / len(days))


async def _send_again(api: httpx.AsyncClient, events: Sequence[dict[str, Any]]) -> Unsent:
    """All of it once more, in one request: nobody is told twice."""
    body = [event | {"handling": "simulated"} for event in events]
    found = (await api.post("/v1/events", json=body)).raise_for_status().json()
    example = "the same source and id with the same content is the same event"
    return Unsent("everyone", "sent again", found["duplicates"], example)


async def _settle(api: httpx.AsyncClient) -> bool:
    """Whether, in good time, all that was accepted has been told and answered."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not _is_quiet(await _get(api, "/v1/status")):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True


def _is_quiet(status: dict[str, Any]) -> bool:
    """Nothing waits at any stage, and every alert has its receipt."""
    stages = status["stages"]
    waits = any(stages[name]["waiting"] for name in ("event", "match", "delivery"))
    return not waits and bool(stages["delivery"]["done"] == stages["receipt"]["done"])


async def _get(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    return (await api.get(path, params=query or None)).raise_for_status().json()


async def _list(api: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every page."""
    found: list[dict[str, Any]] = []
    page = await _get(api, path, limit=PAGE, **query)
    found += page["items"]
    while page["next"]:
        page = await _get(api, path, limit=PAGE, cursor=page["next"], **query)
        found += page["items"]
    return found


async def _read_changes(api: httpx.AsyncClient, db: Database) -> list[Change]:
    """Whole, as they are matched: the API tells which there are, the books hold them."""
    listed = [UUID(one["id"]) for one in await _list(api, "/v1/changes")]
    async with db.read() as session:
        found = await read_changes(session, set(listed))
    return [read_change(found[one]) for one in listed]


def _unsent(recorded: Sequence[dict[str, Any]], changes: Sequence[Change]) -> Iterator[Unsent]:
    yield from silent_events((one["outcome"], one["reason"]) for one in recorded)
    for importer in IMPORTERS:
        yield from misses(importer, changes)
