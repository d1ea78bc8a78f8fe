"""What the demo can say at its end: what came in, what went out, and what did not, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from service.core.change import Change
from service.core.change.derive import Outcome
from service.core.match import Miss, facts_of, match
from service.demo.importers import Importer


@dataclass(frozen=True, slots=True)
class Tally:
    """One importer: alerts that the service planned, and what its receiver saw of them."""

    importer: str
    follows: str
    channel: str
    promised: int
    received: int
    verified: int
    repeated: int

    @property
    def is_whole(self) -> bool:
        """Every alert arrived, and every signature was right."""
        return self.promised == self.received == self.verified


@dataclass(frozen=True, slots=True)
class Unsent:
    """Why so many did not alert, with one example of the reason as it is recorded."""

    who: str
    why: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Account:
    """Everything counted; `seconds` from the first event to the last alert."""

    events: int
    outcomes: Mapping[str, int]
    changes: int
    seconds: float
    tallies: tuple[Tally, ...]
    unsent: tuple[Unsent, ...]
    failures: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def silent_events(recorded: Iterable[tuple[str, str]]) -> list[Unsent]:
    """Events that changed nothing, by outcome; given as (outcome, reason)."""
    reasons: dict[str, Counter[str]] = {}
    for outcome, reason in recorded:
        if outcome != Outcome.CHANGED:
            reasons.setdefault(outcome, Counter())[reason] += 1
    return [
        Unsent("everyone", outcome.replace("_", " "), found.total(), found.most_common(1)[0][0])
        for outcome, found in reasons.items()
    ]


def misses(importer: Importer, changes: Iterable[Change]) -> list[Unsent]:
    """Changes that an importer did not ask for, by the setting that stopped them."""
    found: dict[str, list[str]] = {}
    for change in changes:
        answer = match(facts_of(change), importer.rule)
        if isinstance(answer, Miss):
            setting, _, reason = answer.reason.removeprefix("lane 1: ").partition(": ")
            found.setdefault(setting, []).append(reason)
    ordered = sorted(found.items(), key=lambda one: -len(one[1]))
    return [
        Unsent(importer.name, setting, len(reasons), Counter(reasons).most_common(1)[0][0])
        for setting, reasons in ordered
    ]
