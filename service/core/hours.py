"""Local hours: when it is next seven o'clock somewhere, whatever its clocks do meanwhile."""

from datetime import UTC, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from service.core.preferences import Digest, Preferences, Weekday

_DAYS: tuple[str, ...] = get_args(Weekday)


def next_at(zone: ZoneInfo, at: time, weekday: Weekday | None, now: datetime) -> datetime:
    """The next instant after `now`, in UTC, at which the clocks of `zone` show `at`.

    On that weekday, or on any day. An hour that is skipped comes as much later as the clocks jump,
    and one that comes twice counts the first time (PEP 495: `fold=0`).
    """
    today = now.astimezone(zone).date()
    # From the day before: what the clocks skipped yesterday may come today.
    days = (today + timedelta(days=count) for count in range(-1, 9))
    wanted = (day for day in days if weekday in {None, _DAYS[day.weekday()]})
    instants = (datetime.combine(day, at, zone).astimezone(UTC) for day in wanted)
    return next(instant for instant in instants if instant > now)


def next_beat(wishes: Preferences, now: datetime) -> datetime:
    """When a heartbeat is next due: at the hour of the digest, whether or not there is one."""
    hour = wishes.digest or Digest(every="day")
    weekday = hour.on if wishes.heartbeat == "week" else None
    return next_at(wishes.zone, hour.at, weekday, now)
