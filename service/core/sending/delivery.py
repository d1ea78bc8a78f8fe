"""One delivery: what is sent, what came back, and what follows from it.

`parcel → reply → outcome → state`; every rule here is arithmetic over values the caller brings.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID, uuid5

from service.core.destination.grant import Grant

MINUTE = 60.0
HOUR = 60 * MINUTE

# Seconds between one attempt and the next: ten attempts over about 75 hours, the schedule that
# the Standard Webhooks specification recommends.
WAITS = (
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)

# No receiver can push a retry further away than this, whatever its Retry-After says.
LONGEST_WAIT = 24 * HOUR

# Our own faults are met by many at once: soon again at first, then ever more rarely up to this.
LONGEST_OF_OURS = 5 * MINUTE

# A receiver that says it is overloaded is left alone for at least this long.
SLOW_DOWN = MINUTE
OVERLOADED = frozenset({429, 502, 503, 504})
GONE = 410


_DELIVERIES = UUID("2f1f6f0c-3c53-5e63-8f6e-8d1c9f3f7a10")


def delivery_id(destination: str, cause: str) -> UUID:
    """One delivery a destination and cause, the same in every retry and re-plan: the webhook-id."""
    return uuid5(_DELIVERIES, f"{destination}:{cause}")


@dataclass(frozen=True, slots=True)
class Route:
    """How a receiver wants to be reached; PEM texts, empty where nothing is asked for.

    `authority` is trusted beside the system's own, for this receiver alone. `certificate` and
    `key` are shown to it (mutual TLS).
    """

    authority: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)


PLAIN = Route()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One attempt at one delivery, complete: a sender needs nothing else.

    `body` is the JSON of a webhook or the whole RFC 5322 message of an email. `secrets` are the
    destination's signing secrets, more than one while they rotate. `signed_at` is the instant of
    this attempt, because receivers refuse old signatures. `headers` are the destination's own. With
    a `grant` it is shown a token that another server gives out. `destination` is whose share of the
    slots it takes up; where there is none, the address has one.
    """

    delivery_id: UUID
    kind: Literal["webhook", "email"]
    address: str
    secrets: tuple[str, ...] = field(repr=False)
    body: bytes
    attempt: int
    signed_at: datetime
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    route: Route = PLAIN
    grant: Grant | None = None
    destination: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one attempt met, as a value: a receiver's failure is never an exception.

    `status` is the HTTP or SMTP code, None when there was no answer. `final` says that asking
    again is pointless (an SMTP 5xx about this recipient or message). `ours` says that the fault
    is on this side, so it must never count against the receiver. `gone` says that the address
    itself is no good. `retry_after` and `timings` are seconds; the phases are `dns`, `connect`,
    `tls`, `first_byte` and `total`, each counted from the start, and those that did not happen are
    left out. `sent` is what the attempt log keeps of what went out, `answered` the headers of an
    answer that was no success.
    """

    accepted: bool
    status: int | None
    reason: str
    retry_after: float | None = None
    ours: bool = False
    final: bool = False
    gone: bool = False
    peer: str = ""
    excerpt: bytes = b""
    timings: Mapping[str, float] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    answered: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class TryLater:
    """Not yet: attempt again `after` so many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: `disable` when it is the whole destination that is gone."""

    reason: str
    disable: bool = False


Outcome = Delivered | TryLater | Refused


class State(StrEnum):
    """Where a delivery stands; all but the first two are ends.

    A bounced one was delivered to a server that gave it up later. A muted one was not sent because
    its owner wanted quiet; a listed one waits to be asked for; a digested one is told in another. A
    superseded one gave way to a newer one before it was sent.
    """

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BOUNCED = "bounced"
    MUTED = "muted"
    LISTED = "listed"
    DIGESTED = "digested"
    SUPERSEDED = "superseded"


OPEN = frozenset({State.PENDING, State.HELD})
TOLD = frozenset({State.DELIVERED, State.LISTED, State.DIGESTED})
"""Ends after which the receiver knows, or can; of a digested one, if what it is told in arrived."""
PULL = "pull"
"""The kind of a destination that is never sent to: it asks for its alerts."""
CRITICAL = "critical"


def urgency(severity: str | None) -> int:
    """In which of two queues: 0 is sent first."""
    return 0 if severity == CRITICAL else 1


def judge(reply: Reply, attempt: int, spread: float, waited: float = 0.0) -> Outcome:
    """What follows from a reply. `attempt` counts from 1; `spread` is random, 0 to 1.

    410 means that the receiver wants nothing any more, and `gone` that there is none. Our own
    fault never uses up a delivery: it is tried on until somebody mends it. `waited` are the seconds
    since this attempt was made before, and met one.
    """
    if reply.accepted:
        return Delivered()
    if reply.status == GONE or reply.gone:
        return Refused(reply.reason, disable=True)
    if reply.final:
        return Refused(reply.reason)
    if attempt > len(WAITS) and not reply.ours:
        return Refused(f"given up after {attempt} attempts; the last: {reply.reason}")
    return TryLater(wait(reply, attempt, spread, waited))


def wait(reply: Reply, attempt: int, spread: float, waited: float = 0.0) -> float:
    """Seconds until the next attempt: the schedule ±10 %, never sooner than the receiver asked.

    The spread also goes on top of what was asked, so that a receiver which sent one Retry-After
    to a thousand deliveries does not meet them all in the same second. After faults of our own
    each wait is twice as long as the one before, whatever the attempt.
    """
    planned = WAITS[min(attempt, len(WAITS)) - 1]
    if reply.ours:
        planned = min(max(WAITS[0], 2 * waited), LONGEST_OF_OURS)
    planned *= 0.9 + spread / 5
    asked = min(reply.retry_after or 0.0, LONGEST_WAIT)
    if reply.status in OVERLOADED:
        asked = max(asked, SLOW_DOWN)
    return max(planned, asked * (1 + spread / 10))


def next_state(state: State, outcome: Outcome) -> State:
    """Where a delivery stands after an attempt that left while it was in `state`.

    Delivered is a fact and always wins. What was held or cancelled while the attempt was under
    way stays so. A disabled destination holds its deliveries, to be replayed when it is enabled.
    """
    if isinstance(outcome, Delivered):
        return State.DELIVERED
    if isinstance(outcome, TryLater) or state not in OPEN:
        return state
    return State.HELD if outcome.disable else State.FAILED


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from `now`, from the number or the HTTP date of RFC 9110 §10.2.3; None if neither.

    Never negative: a date gone by means now.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])  # twelve digits are past any cap and still a finite float
    return _seconds_until(text, now)


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, math.ceil((moment - now).total_seconds()))
