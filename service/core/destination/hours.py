"""Local hours: when it is seven o'clock somewhere, whatever its clocks do meanwhile.

An hour that is skipped comes as much later as the clocks jump, and one that comes twice counts the
first time (PEP 495: `fold=0`).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from service.core.destination.preferences import Digest, Preferences, Weekday

_DAYS: tuple[str, ...] = get_args(Weekday)


def instant_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """In UTC, when the clocks of `zone` show it."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def instants_near(
    zone: ZoneInfo, at: time, weekday: Weekday | None, now: datetime
) -> Iterator[datetime]:
    """On that weekday, or on any: from the day before `now`, which may be late, to a week on."""
    today = now.astimezone(zone).date()
    for count in range(-1, 9):
        day = today + timedelta(days=count)
        if weekday in {None, _DAYS[day.weekday()]}:
            yield instant_of(day, at, zone)


def next_at(zone: ZoneInfo, at: time, weekday: Weekday | None, now: datetime) -> datetime:
    """The next instant after `now`, in UTC, at which the clocks of `zone` show `at`."""
    return next(instant for instant in instants_near(zone, at, weekday, now) if instant > now)


def next_beat(wishes: Preferences, now: datetime) -> datetime:
    """When a heartbeat is next due: at the hour of the digest, whether or not there is one."""
    hour = wishes.digest or Digest(every="day")
    weekday = hour.on if wishes.heartbeat == "week" else None
    return next_at(wishes.zone, hour.at, weekday, now)
