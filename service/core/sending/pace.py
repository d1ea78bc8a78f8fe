"""How fast a destination is sent to: its own limits, and rest for one that keeps failing.

Every rule here is arithmetic over values the caller brings: what is known of a destination goes
in, what is known now comes out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from service.core.sending.delivery import (
    LONGEST_WAIT,
    OVERLOADED,
    Delivered,
    Outcome,
    Refused,
    Reply,
)

PATIENCE = 5
"""Failures in a row after which a destination is left to rest, and only probed."""
FIRST_REST = 30.0
LONGEST_REST = 600.0
"""Seconds: each rest is twice as long as the one before, up to this."""
SHARE = 4
"""A slow destination holds at most one slot of so many that are free: however many of them hang,
some slots stay free for the others, and one alone has nearly a fifth of all."""
BURST_SECONDS = 1.0
"""A rate may be made up for as much as this."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination asks for: `rate` a second, so many `at_once` (0: no limit).

    `ordered`: the next alert of a subject waits until the last is settled.
    """

    rate: float = 0
    at_once: int = 0
    ordered: bool = False


NONE = Limits()


def estimate(limits: Limits, many: int, each: float | None, slots: int) -> float | None:
    """Seconds that so many deliveries take, `each` so many, over at most `slots` at once.

    None while that is not known: no attempt was timed, and no rate is asked for.
    """
    by_rate = many / limits.rate if limits.rate else None
    by_slots = None if each is None else many * each / min(slots, limits.at_once or slots)
    return max((one for one in (by_rate, by_slots) if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Health:
    """What has come of the latest attempts: failures in a row, since when, and a rest until."""

    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None

    @property
    def is_probed(self) -> bool:
        """Whether it is to be asked with one delivery at a time."""
        return self.failures >= PATIENCE


WELL = Health()


def weigh(health: Health, reply: Reply, outcome: Outcome, now: datetime, spread: float) -> Health:
    """What is known after an attempt; `spread` is random, 0 to 1.

    Our own fault says nothing of the receiver, nor does its refusal of one message for good; but
    one that is probed has not shown itself well by that, and rests again.
    """
    if isinstance(outcome, Delivered):
        return WELL
    if reply.ours or (isinstance(outcome, Refused) and not health.is_probed):
        return health
    failures = health.failures + 1
    seconds = max(_rest(failures, spread), _asked(reply))
    until = now + timedelta(seconds=seconds) if seconds else None
    rests = max(filter(None, (health.rests_until, until)), default=None)
    return Health(failures, health.failing_since or now, rests)


def _rest(failures: int, spread: float) -> float:
    if failures < PATIENCE:
        return 0.0
    doubled = FIRST_REST * 2.0 ** min(failures - PATIENCE, 10)
    return min(doubled, LONGEST_REST) * (0.9 + spread / 5)


def _asked(reply: Reply) -> float:
    """Who is overloaded, and says until when, is left alone with everything until then."""
    if reply.status not in OVERLOADED:
        return 0.0
    return min(reply.retry_after or 0.0, LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many may leave now; `again` is when to ask once more, None: when one comes back."""

    count: int
    again: datetime | None = None


def allow(
    limits: Limits, health: Health, next_at: datetime | None, in_air: int, now: datetime
) -> Allowance:
    """How many deliveries a destination gets now, while so many of its own are in the air."""
    if health.rests_until and health.rests_until > now:
        return Allowance(0, health.rests_until)
    if health.is_probed:
        return Allowance(0 if in_air else 1)
    if limits.at_once and in_air >= limits.at_once:
        return Allowance(0)
    most = limits.at_once - in_air if limits.at_once else UNLIMITED
    if not limits.rate:
        return Allowance(most)
    tokens = _tokens(limits.rate, next_at, now)
    return Allowance(min(most, tokens), None if tokens else next_at)


UNLIMITED = 1_000_000


def _tokens(rate: float, next_at: datetime | None, now: datetime) -> int:
    """The generic cell rate algorithm: `next_at` runs ahead by what was spent."""
    burst = _burst(rate)
    if next_at is None:
        return burst
    if _is_misdated(rate, next_at, now):
        return burst
    behind = (now - next_at).total_seconds()
    return 0 if behind < 0 else min(burst, int(behind * rate) + 1)


def _is_misdated(rate: float, next_at: datetime, now: datetime) -> bool:
    """Further ahead than it can be: the clock was set back."""
    return (next_at - now).total_seconds() > (_burst(rate) + 1) / rate


def _burst(rate: float) -> int:
    return max(1, ceil(rate * BURST_SECONDS))


def spend(limits: Limits, next_at: datetime | None, count: int, now: datetime) -> datetime | None:
    """When the rate allows the next one after `count` more; None without a rate."""
    if not limits.rate:
        return None
    begun = now - timedelta(seconds=(_burst(limits.rate) - 1) / limits.rate)
    if next_at and not _is_misdated(limits.rate, next_at, now):
        begun = max(next_at, begun)
    return begun + timedelta(seconds=count / limits.rate)


def share(free: int, held: int) -> int:
    """How many more slots a slow destination may take, with so many free and `held` by it.

    A threshold that moves with what is left: whatever the number of slow ones, none is starved
    and none starves the others (Choudhury and Hahne, 1998, on shared buffers).
    """
    return max(0, ceil(free / SHARE) - held)
