"""How a destination would like to be told: in what language, at which hours, how often."""

from datetime import time
from functools import lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from service.core.duty import Frozen
from service.core.language import Language, Tongue, tongue_for

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"no such time zone: {name!r}; write one of the IANA names, as in Europe/Berlin"
        raise ValueError(message) from None
    return name


def _check_minute(moment: time) -> time:
    if moment.second or moment.microsecond or moment.tzinfo:
        message = "write hours and minutes alone, as in 07:00; `timezone` says where"
        raise ValueError(message)
    return moment


Zone = Annotated[str, Field(max_length=100), AfterValidator(_check_zone)]
Minute = Annotated[
    time, AfterValidator(_check_minute), PlainSerializer("{:%H:%M}".format, return_type=str)
]


class Digest(Frozen):
    """All alerts of a day or a week as one, at a local time; `on` counts for a week."""

    every: Literal["day", "week"]
    at: Minute = time(7)
    on: Weekday = "monday"


class QuietHours(Frozen):
    """Local times; they may pass midnight, as 22:00 to 06:30 do."""

    begin: Minute = Field(alias="from")
    end: Minute = Field(alias="to")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.begin == self.end:
            message = "`from` and `to` are the same: leave them out, or pause the destination"
            raise ValueError(message)
        return self


class Preferences(Frozen):
    """What an owner asks for; nothing of it, and every alert is sent at once by itself.

    Critical alerts wait for neither a digest, nor an hour, nor a cap (`hourly_cap`, alerts an hour;
    0: none). `group` makes one alert of the changes of one legal instrument. `heartbeat` says when
    nothing has changed. `warn` is another destination, told when this one cannot be reached.
    """

    language: Language = Language.ENGLISH
    timezone: Zone = "UTC"
    digest: Digest | None = None
    quiet_hours: QuietHours | None = None
    hourly_cap: Annotated[int, Field(ge=0, le=10_000)] = 0
    group: bool = False
    heartbeat: Literal["day", "week"] | None = None
    warn: Annotated[str, Field(max_length=100)] | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Where its local times are."""
        return ZoneInfo(self.timezone)

    @property
    def tongue(self) -> Tongue:
        """In which language, and by whose clocks, it reads what is sent to it."""
        return tongue_for(self.language, self.timezone)

    @property
    def gathers(self) -> tuple[str, ...]:
        """Which of its wishes may make an alert wait for others, or for an hour."""
        return tuple(name for name in GATHERING if getattr(self, name))


GATHERING = ("digest", "quiet_hours", "hourly_cap", "group")
NO_PREFERENCES = Preferences()


def write_preferences(preferences: Preferences) -> str:
    """As a row keeps them: what was not asked for is left out."""
    return (
        "" if preferences == NO_PREFERENCES else preferences.model_dump_json(exclude_defaults=True)
    )


@lru_cache(maxsize=4096)
def read_preferences(text: str) -> Preferences:
    """From a row."""
    return Preferences.model_validate_json(text) if text else NO_PREFERENCES
