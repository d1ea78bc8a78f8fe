"""What a kill test does: plan from a seed, send, kill, wait, and draw up the ledger.

The service is a child process; producers and receiver live here and survive.
"""

import asyncio
import os
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import httpx

from tests.journey.child import Child
from tests.journey.running import Json, cause_of, measure, path_at, waiting
from tests.receivers import Answer, Request, http_receiver

KILLS = int(os.environ.get("TARIFFWIRE_TEST_KILLS", "10"))
SEED = int(os.environ.get("TARIFFWIRE_TEST_SEED", "20250409"))
ORIGINS = ("CN", "VN", "JP", "EU")
CODES = ("8703", "7208")
MEASURES = 40
ROUNDS = max(1, 100 * KILLS // MEASURES)
EVENTS = ROUNDS * MEASURES
PRODUCERS = 4
LARGEST_BATCH = 5
EARLY = 0.2
"""The share of kills that fall while the service starts."""
REACHED_WITHIN = 120
QUIET_WITHIN = 240


@dataclass(frozen=True)
class Planned:
    """One event to send, and the paths that must hear of it."""

    event: Json
    paths: frozenset[str]

    @property
    def id(self) -> str:
        return self.event["id"]


@dataclass(frozen=True)
class Kill:
    """So many seconds after an acknowledgement, or after the start when `after` is None."""

    after: int | None
    seconds: float


FOLLOWERS = {
    "everything": [{"lanes": [{}]}],
    "china": [{"country": "CN"}, {"lanes": [{"importer": "US", "origin": "CN"}]}],
    "vietnam-or-steel": [{"lanes": [{"origin": "VN"}, {"product": "7208"}]}],
    "cars": [{"product": "8703.23"}],
    "nobody": [{"country": "AR"}],
}


def paths_for(origin, code):
    """The same said a second way, without the service's own matching."""
    found = {"everything"}
    found |= {"china"} if origin == "CN" else set()
    found |= {"vietnam-or-steel"} if origin == "VN" or code == "7208" else set()
    found |= {"cars"} if code == "8703" else set()
    return frozenset(found)


def plan_events():
    """By producer, in order: every event moves the rate of its measure by one point."""
    measures = [(number, ORIGINS[number % 4], CODES[number // 4 % 2]) for number in range(MEASURES)]
    return [
        [plan_event(step, *one) for step in range(ROUNDS) for one in measures[share::PRODUCERS]]
        for share in range(PRODUCERS)
    ]


def plan_event(step, number, origin, code):
    day = date(2025, 1, 1) + timedelta(days=step)
    event = measure(
        f"m{number}-{step}",
        f"us-kill-{number}",
        10 + step,
        action="increased" if step else "imposed",
        origin={"kind": "country", "members": [origin]},
        product={"scope": "codes", "include": [code]},
        announced_at=day.isoformat(),
        effective_at=(day + timedelta(days=1)).isoformat(),
    )
    return Planned(event, paths_for(origin, code))


def plan_kills(chance):
    """Exactly so many; those by acknowledgement in the order of the counts."""
    counts = sorted(chance.sample(range(1, EVENTS), KILLS))
    return [
        Kill(None, chance.uniform(0, 1.5))
        if place and chance.random() < EARLY
        else Kill(count, chance.uniform(0, 0.2))
        for place, count in enumerate(counts)
    ]


class Tally:
    """How many events were acknowledged, for whoever waits for a count."""

    def __init__(self):
        self.acknowledged = 0
        self._moved = asyncio.Condition()

    async def add(self, count):
        async with self._moved:
            self.acknowledged += count
            self._moved.notify_all()

    async def reach(self, count):
        async with self._moved:
            await self._moved.wait_for(lambda: self.acknowledged >= count)


async def produce(url, planned, chance, tally):
    """Send in order, in batches, each again and again until it is acknowledged."""
    rest = list(planned)
    async with httpx.AsyncClient(base_url=url, timeout=20) as api:
        while rest:
            size = chance.randint(1, LARGEST_BATCH)
            batch, rest = rest[:size], rest[size:]
            await acknowledge(api, [one.event for one in batch])
            await tally.add(len(batch))


async def acknowledge(api, events):
    """Only a 202 counts; a connection that breaks leaves open whether they were taken."""
    while True:
        try:
            answer = await api.post("/v1/events", json=events)
        except httpx.TransportError:
            await asyncio.sleep(0.05)
            continue
        assert answer.status_code == 202, answer.text
        return


async def strike(child, kills, tally):
    """Every kill in its turn, and up again after each."""
    for kill in kills:
        if kill.after is not None:
            await child.ready()
            async with asyncio.timeout(REACHED_WITHIN):
                await tally.reach(kill.after)
        await asyncio.sleep(kill.seconds)
        await child.kill()
        await child.start()
    await child.ready()


async def follow(url, receiver):
    """Make the subscriptions; the secrets by path."""
    secrets = {}
    async with httpx.AsyncClient(base_url=url, timeout=20) as api:
        for name, forms in FOLLOWERS.items():
            for form in forms:
                body = form | {"name": name, "url": path_at(receiver, name)}
                made = (await api.post("/v1/subscriptions", json=body)).json()
                for destination in made.get("created_destinations", ()):
                    secrets[name] = destination["secret"]
    return secrets


async def settle(url):
    """The status once nothing waits any more, asked twice."""
    async with asyncio.timeout(QUIET_WITHIN), httpx.AsyncClient(base_url=url, timeout=20) as api:
        calm = 0
        while True:
            status = (await api.get("/v1/status")).json()
            calm = calm + 1 if waiting(status) == 0 else 0
            if calm > 1:
                return status
            await asyncio.sleep(0.2)


@dataclass(frozen=True)
class Ledger:
    """What went in and what came out; an alert is a (path, event id)."""

    planned: dict[str, Planned]
    acknowledged: int
    requests: list[Request]
    secrets: dict[str, str]
    status: Json
    kills: int
    exit_code: int

    @cached_property
    def expected(self) -> set[tuple[str, str]]:
        return {(path, one.id) for one in self.planned.values() for path in one.paths}

    @cached_property
    def ids(self) -> dict[tuple[str, str], set[str]]:
        """By alert, the webhook-ids under which it came."""
        found = defaultdict(set)
        for request in self.requests:
            found[alert_of(request)].add(request.headers["webhook-id"])
        return found

    @cached_property
    def contents(self) -> dict[str, set[tuple[str, bytes]]]:
        """By webhook-id, where it went and what it said."""
        found = defaultdict(set)
        for request in self.requests:
            found[request.headers["webhook-id"]].add((request.path, request.body))
        return found

    def __str__(self) -> str:
        stages = self.status["stages"]
        lines = {
            "kills": self.kills,
            "accepted": self.acknowledged,
            "changes": stages["change"]["done"],
            "deliveries": stages["delivery"]["done"],
            "received": len(self.requests),
            "duplicates": len(self.requests) - len(self.contents),
            "lost": len(self.expected - self.ids.keys()),
        }
        return "\n".join(f"{name:>12} {count:>7,}" for name, count in lines.items())


def alert_of(request):
    return request.path.removeprefix("/"), cause_of(request)


async def torture(folder):
    chance, tally, child = random.Random(SEED), Tally(), Child(folder)
    shares = plan_events()
    kills = plan_kills(chance)
    async with http_receiver(answer=Answer(delay=0.05)) as receiver:
        await child.start()
        try:
            await child.ready()
            secrets = await follow(child.url, receiver)
            async with asyncio.TaskGroup() as group:
                for share in shares:
                    luck = random.Random(chance.random())
                    group.create_task(produce(child.url, share, luck, tally))
                group.create_task(strike(child, kills, tally))
            status = await settle(child.url)
        finally:
            exit_code = await child.end()
        planned = {one.id: one for share in shares for one in share}
        return Ledger(
            planned,
            tally.acknowledged,
            receiver.requests,
            secrets,
            status,
            child.lives - 1,
            exit_code,
        )
