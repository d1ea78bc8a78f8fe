"""When a reminder is due next, and what is put on the log then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """What is due now: `leads` in days, `has_come` the turning itself; then `next_at`, if at all.

    `is_late`: it came longer ago than anybody wants to be told of.
    """

    leads: tuple[int, ...]
    has_come: bool
    is_late: bool
    next_at: datetime | None


def plan(
    at: datetime, since: datetime, now: datetime, leads: Mapping[int, datetime], late: timedelta
) -> Plan:
    """Of a turning at `at` that was last looked at, or made, at `since`.

    `leads` are days and since when anybody wants to be told so early: a lead whose instant had
    passed by then, or before the turning was known, is told nobody.
    """
    if at <= now:
        return Plan((), has_come=True, is_late=now - at > late, next_at=None)
    told = {days: at - timedelta(days=days) for days in leads}
    due = [days for days, when in told.items() if max(since, leads[days]) < when <= now]
    ahead = [when for when in told.values() if when > now]
    return Plan(
        tuple(sorted(due, reverse=True)),
        has_come=False,
        is_late=False,
        next_at=min([*ahead, at]),
    )
