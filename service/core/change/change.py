"""What goes out: the change an event makes to a standing, or the reason why it makes none.

Pure and deterministic. A change keeps full snapshots from before and after, captured at the
instant it was judged, and is never derived again.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, TypeVar
from uuid import UUID, uuid5

from pydantic import Field, TypeAdapter

from service.core.certainty import Certainty
from service.core.duty import Duty
from service.core.event import (
    Action,
    ClaimAssessed,
    Handling,
    Identity,
    Measure,
    NegotiationStep,
    Stage,
    Verdict,
)
from service.core.event.fields import Citations, EvidenceList
from service.core.moment import When
from service.core.standing import MeasureStanding
from service.core.standing.track import TrackStanding

CHANGES = UUID("6f2a2a0e-7d3b-5c0e-9b5e-2f3d1c4b5a69")
"""Namespace of change ids, fixed for ever: a database restored from backup re-creates them."""


Either = TypeVar("Either")
InTurn = Annotated[Either, Field(union_mode="left_to_right")]
"""Read as the first that fits: the two never fit one text, and trying both costs twice."""


class Kind(StrEnum):
    """What a change is; the list may grow, and receivers should expect that."""

    MEASURE_ANNOUNCED = "measure_announced"
    RATE_INCREASED = "rate_increased"
    RATE_DECREASED = "rate_decreased"
    RATE_CHANGED = "rate_changed"  # to a figure that cannot be compared with the former
    SCOPE_CHANGED = "scope_changed"
    EFFECTIVE_DATE_MOVED = "effective_date_moved"
    ENTERED_INTO_FORCE = "entered_into_force"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ENDED = "ended"
    EXEMPTION_GRANTED = "exemption_granted"
    EXEMPTION_ENDED = "exemption_ended"
    THREAT_ISSUED = "threat_issued"
    THREAT_WITHDRAWN = "threat_withdrawn"
    THREAT_LAPSED = "threat_lapsed"
    UPCOMING = "upcoming"
    NEGOTIATION_OPENED = "negotiation_opened"
    STAGE_ADVANCED = "stage_advanced"
    STAGE_REGRESSED = "stage_regressed"
    AGREEMENT_REACHED = "agreement_reached"
    TALKS_ENDED = "talks_ended"
    CLAIM_MADE = "claim_made"  # reported or said, and not law
    CLAIM_CONFIRMED = "claim_confirmed"
    CLAIM_DENIED = "claim_denied"
    CLAIM_DISPUTED = "claim_disputed"
    RULING = "ruling"
    INVESTIGATION = "investigation"
    CORRECTION = "correction"
    IN_TRANSIT_CLOSED = "in_transit_closed"  # goods on their way are let off no longer


class Severity(StrEnum):
    """How soon a person should look."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Former:
    """The threat or claim that an event carries out or takes back, as it was said.

    Of whatever subject; `change` is what told it.
    """

    event: Identity
    action: Action
    certainty: Certainty
    announced_at: When | None
    known_at: datetime
    change: UUID | None
    duty: Duty | None = None
    deadline: When | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change to one subject.

    `about` is what the causing event speaks of: its own data, or that of the event it assesses.
    `old` and `new` are the duties that apply just before and after, at the instant of effect;
    `delta_pp` the percentage points between them, None where they cannot be compared. `days`
    counts from when we judged it to its effect (negative: since). `carries_out` is what the event
    `realises` and `takes_back` what it `withdraws`, as far as that was known; `lead` for how many
    days before its instant a change that is `upcoming` was asked for.
    """

    id: UUID
    subject: str
    sequence: int
    previous: UUID | None
    kinds: tuple[Kind, ...]
    severity: Severity
    mode: Handling
    certainty: Certainty
    event: Identity
    event_type: str
    about: InTurn[Measure | NegotiationStep]
    assessment: ClaimAssessed | None
    before: InTurn[MeasureStanding | TrackStanding | None]
    after: InTurn[MeasureStanding | TrackStanding | None]
    old: Duty | None
    new: Duty | None
    delta_pp: Decimal | None
    announced_at: When | None
    effective_at: When | None
    moved_from: When | None
    until: When | None
    retroactive: bool
    days: int | None
    known_at: datetime
    seen_at: datetime
    citations: Citations
    evidence: EvidenceList
    carries_out: Former | None = None
    takes_back: Former | None = None
    lead: int | None = None

    @property
    def is_of_clock(self) -> bool:
        """Whether time alone brought it: `event` is the clock's, `about` what stated the date."""
        return self.event_type == "tariff.clock"

    @property
    def continues(self) -> tuple[UUID, ...]:
        """The changes that it follows on, the nearest first: what it carries out, takes back.

        Then `previous`, the step of its own subject; who was not told of one was told of another.
        """
        named = [one.change for one in (self.carries_out, self.takes_back) if one]
        return tuple(dict.fromkeys(one for one in (*named, self.previous) if one))

    @property
    def headline(self) -> Kind:
        """The first of its kinds."""
        return self.kinds[0]

    @property
    def action(self) -> Action | Stage | Verdict:
        """What the causing event did: to a measure, on a track, or to an earlier claim."""
        if self.assessment:
            return self.assessment.verdict
        return self.about.action if isinstance(self.about, Measure) else self.about.stage


@dataclass(frozen=True)
class _OfMeasure(Change):
    """How most changes are written: for a union, pydantic makes plain objects of it first."""

    about: Measure
    before: MeasureStanding | None
    after: MeasureStanding | None


_ADAPTER = TypeAdapter(Change)
_OF_MEASURE = TypeAdapter(_OfMeasure)


def change_id(event: Identity, subject: str) -> UUID:
    """The same event on the same subject makes the same change, whenever it is derived."""
    source, name = event
    return uuid5(CHANGES, f"{len(source)}:{source}:{name}:{subject}")


def write_change(change: Change) -> bytes:
    """As JSON, for the books and the API."""
    if isinstance(change.about, Measure):  # then both standings are of a measure, if any
        return _OF_MEASURE.dump_json(change)  # type: ignore[arg-type]  # it has the same fields
    return _ADAPTER.dump_json(change)


@lru_cache(maxsize=512)
def read_change(raw: bytes) -> Change:
    """From the books; planner and sender read the same change one after the other."""
    return _ADAPTER.validate_json(raw)
