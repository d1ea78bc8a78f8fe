"""Events without end, who must hear of each, and the followers: said without the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from tests.journey.running import SOURCE, Json, measure

ORIGINS = ("CN", "VN", "JP", "EU")
CODES = ("8703", "7208")
FIRST_DAY = date(2020, 1, 1)
TWIN = 8
"""So many measures on is one of the same origin and goods, whose events mostly come elsewhere."""
NAMING = 4
"""Every so many events of a measure one names an event of its twin, whichever comes first."""

FOLLOWERS = {
    "everything": [{"lanes": [{}]}],
    "china": [{"country": "CN"}, {"lanes": [{"importer": "US", "origin": "CN"}]}],
    "vietnam-or-steel": [{"lanes": [{"origin": "VN"}, {"product": "7208"}]}],
    "cars": [{"product": "8703.23"}],
    "nobody": [{"country": "AR"}],
}
ORDERED = "china"
BUNDLED = "bundled"
"""Follows everything where a test asks for it, and is told of several changes at once."""
ORDER = {"kind": "executive_order", "number": "EO 14257"}
WISHES = {
    BUNDLED: {"preferences": {"group": True}},
    ORDERED: {"ordered": True, "signing": ["v1", "v1a"], "headers": {"authorization": "Bearer 1"}},
    "vietnam-or-steel": {"at_once": 2},
    "cars": {"rate": 40, "at_once": 4},
}
"""What destinations ask for, so that lanes, keys and headers are there when something dies."""


def paths_for(origin: str, code: str) -> frozenset[str]:
    """The same said a second way, without the service's own matching."""
    found = {"everything"}
    found |= {"china"} if origin == "CN" else set()
    found |= {"vietnam-or-steel"} if origin == "VN" or code == "7208" else set()
    found |= {"cars"} if code == "8703" else set()
    return frozenset(found)


@dataclass(frozen=True)
class Planned:
    """One event to send, and the paths that must hear of it."""

    event: Json
    paths: frozenset[str]

    @property
    def id(self) -> str:
        return self.event["id"]

    @property
    def subject(self) -> str:
        return self.event["data"]["measure"]


class Stock:
    """The events of one producer: each moves the rate of one of its measures by one point."""

    def __init__(self, measures: Sequence[int]) -> None:
        self._next = ((number, step) for step in count() for number in measures)

    def take(self, size: int) -> list[Planned]:
        return [plan_event(*next(self._next)) for _ in range(size)]


def plan_event(number: int, step: int) -> Planned:
    day = FIRST_DAY + timedelta(days=step)
    origin, code = ORIGINS[number % 4], CODES[number // 4 % 2]
    former = {"source": SOURCE, "id": f"m{number + TWIN}-{step - 1}"}
    event = measure(
        f"m{number}-{step}",
        f"us-kill-{number}",
        10 + step,
        action="increased" if step else "imposed",
        origin={"kind": "country", "members": [origin]},
        product={"scope": "codes", "include": [code]},
        announced_at=day.isoformat(),
        effective_at=(day + timedelta(days=1)).isoformat(),
        instrument=ORDER,
        **({"realises": former} if step % NAMING == 1 else {}),
    )
    return Planned(event, paths_for(origin, code))


def step_of(event_id: str) -> int:
    """How many events of its measure came before it."""
    return int(event_id.rpartition("-")[2])
