"""One stage of the journey, as somebody who asks why is told of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class State(StrEnum):
    """Whether it was passed; only one of six is where something stopped."""

    PASSED = "passed"
    STOPPED = "stopped"
    NOT_REACHED = "not_reached"


class Name(StrEnum):
    """The six stages, in their order."""

    SOURCE = "source"
    EVENT = "event"
    CHANGE = "change"
    MATCH = "match"
    DELIVERY = "delivery"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Stage:
    """`setting` is the setting or rule that decided, `at` when, and `href` where to look further.

    `goes_on`: what stopped here passes by itself in time, without anybody doing something.
    """

    name: Name
    state: State
    said: str
    setting: str = ""
    at: datetime | None = None
    href: str = ""
    goes_on: bool = False


def passed(name: Name, said: str, at: datetime | None = None, href: str = "") -> Stage:
    """Nothing stopped it here."""
    return Stage(name, State.PASSED, said, at=at, href=href)


def stopped(  # noqa: PLR0913 - what there is to say of a stop
    name: Name,
    said: str,
    setting: str = "",
    at: datetime | None = None,
    href: str = "",
    *,
    goes_on: bool = False,
) -> Stage:
    """It came so far and no further."""
    return Stage(name, State.STOPPED, said, setting, at, href, goes_on)


def say_time(at: datetime) -> str:
    """As "9 Apr 2025 20:00 UTC"."""
    there = at.astimezone(UTC)
    return f"{there.day} {there:%b %Y %H:%M} UTC"
