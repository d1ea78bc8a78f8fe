"""Instants and days. A day is a day: it orders from 00:00 in its zone and shows no hour."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from service.core.codes import timezone_of

DAY_LENGTH = len("2025-04-09")
LAST_YEAR = 9998
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is aware and orders; `day` is set when no hour was stated; `zone` is an IANA name."""

    at: datetime
    day: date | None = None
    zone: str | None = None

    @classmethod
    def of_day(cls, day: date, zone: str) -> Self:
        """Midnight at the start of `day` in `zone`."""
        return cls(datetime(day.year, day.month, day.day, tzinfo=find_zone(zone)), day, zone)

    @property
    def precision(self) -> str:
        """`day` or `instant`."""
        return "instant" if self.day is None else "day"

    @property
    def end(self) -> datetime:
        """When it is over: a deadline on a day lasts until that day ends."""
        return self.at if self.day is None else self.at + ONE_DAY

    def as_json(self) -> dict[str, str | None]:
        """The one shape in which moments leave: `at`, `precision`, `zone`."""
        return {"at": self.at.isoformat(), "precision": self.precision, "zone": self.zone}

    def is_same_start(self, other: "Moment") -> bool:
        """Equal instants; or a day, and an hour on that day as stated by a finer source."""
        if self.day is None and other.day is None:
            return self.at == other.at
        return self.day_in(other.zone) == other.day_in(self.zone)

    def days_after(self, instant: datetime) -> int:
        """Calendar days from `instant` to here, as counted where this moment was stated."""
        zone = find_zone(self.zone) if self.zone else self.at.tzinfo
        return (self.day_in(self.zone) - instant.astimezone(zone).date()).days

    def finer(self, other: "Moment") -> "Moment":
        """The one of the two that states an hour; `self` where both or neither does."""
        return other if self.day is not None and other.day is None else self

    def day_in(self, zone: str | None) -> date:
        """The day as stated, else the calendar day there; without a zone, as written."""
        return self.day or (self.at.astimezone(find_zone(zone)) if zone else self.at).date()


def instant_of(moment: Moment) -> datetime:
    """To order by."""
    return moment.at


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo:
    """An IANA zone; ValueError that says what to write."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"no such time zone '{name}'; write an IANA name such as America/New_York"
        raise ValueError(message) from error


def read_moment(given: Any, importer: str | None = None) -> Moment:
    """From an ISO 8601 instant with offset, a day, `{day, zone}` or our own `as_json` shape."""
    if isinstance(given, Moment):
        return given
    if isinstance(given, str):
        return _read_text(given, timezone_of(importer) if importer else None)
    if isinstance(given, dict):
        return _read_parts(given, timezone_of(importer) if importer else None)
    message = "write an instant with offset (2025-04-10T00:01:00-04:00) or a day (2025-04-10)"
    raise ValueError(message)


def _read_parts(given: dict[str, Any], zone: str | None) -> Moment:
    unknown = set(given) - {"at", "day", "zone", "precision"}
    text = given.get("day") or given.get("at")
    if unknown or not isinstance(text, str):
        message = 'write {"day": "2025-04-10", "zone": "America/New_York"} or an instant as text'
        raise ValueError(message)
    is_whole = given.get("precision") == "instant"  # our own shape: no zone is no zone
    stated = given.get("zone") or (None if is_whole else zone)
    if not isinstance(stated, str | None):
        message = "zone is an IANA name such as America/New_York"
        raise ValueError(message)  # noqa: TRY004 # what pydantic makes a fault of
    if stated:
        find_zone(stated)
    if given.get("precision") == "day":
        text = text[:DAY_LENGTH]
    return _read_text(text, stated)


def _read_text(text: str, zone: str | None) -> Moment:
    try:
        if len(text) == DAY_LENGTH:
            return _read_day(date.fromisoformat(text), zone)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = (
            f"'{text[:40]}' is no date: {error}; write 2025-04-10T00:01:00-04:00 or 2025-04-10"
        )
        raise ValueError(message) from error
    if at.tzinfo is None:
        message = f"'{text}' has no offset; add one (2025-04-10T00:01:00-04:00), or give a day"
        raise ValueError(message)
    if not 1 < at.year <= LAST_YEAR:
        message = f"the year of '{text}' is out of range"
        raise ValueError(message)
    return Moment(at, None, zone)


def _read_day(day: date, zone: str | None) -> Moment:
    if not 1 < day.year <= LAST_YEAR:
        message = "the year is out of range"
        raise ValueError(message)
    resolved = Moment.of_day(day, zone or "UTC")
    return resolved if zone else Moment(resolved.at, day, None)


def _validate(given: Any, info: ValidationInfo) -> Moment:
    # Fields are validated in order: an importer or first party named before gives the zone.
    return read_moment(given, (info.data or {}).get("importer"))


When = Annotated[
    Moment,
    PlainValidator(_validate),
    PlainSerializer(Moment.as_json),
    WithJsonSchema(
        {
            "description": "An ISO 8601 instant with offset, or a day in the importer's zone.",
            "examples": ["2025-04-10T00:01:00-04:00", "2025-04-10"],
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {
                        "day": {"type": "string", "format": "date"},
                        "at": {"type": "string", "format": "date-time"},
                        "zone": {"type": ["string", "null"]},
                        "precision": {"enum": ["day", "instant"]},
                    },
                },
            ],
        }
    ),
]
