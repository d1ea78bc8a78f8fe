"""What an owner is told that no change caused: a destination fails, all is quiet, codes change.

A notice is a delivery like any other. What it says is fixed when it is made, and its id follows
from what it is about, so that making it twice is making it once.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from pydantic import Field, TypeAdapter

from service.core.duty import Frozen

STEPS = (50, 70, 90)
"""Percent of the patience with a destination: at each its owner is warned."""
STOPPED = 100

_NOTICES = UUID("6f0b6a52-8f0e-5f7c-9d55-3c1b9f0a7e21")
CAUSE = "notice:"
"""How the cause of an alert begins that carries a notice."""


class Kind(StrEnum):
    """What is told."""

    FAILING = "failing"
    DISABLED = "disabled"
    RECOVERED = "recovered"
    HEARTBEAT = "heartbeat"
    CODE_CHANGED = "code_changed"


BEATS = f"{CAUSE}{Kind.HEARTBEAT}:"


def notice_id(about: str, kind: Kind, *marks: object) -> UUID:
    """The same for the same destination, kind and marks: an instant, a step."""
    return uuid5(_NOTICES, ":".join(map(str, (about, kind, *marks))))


def notice_cause(kind: Kind, identity: UUID) -> str:
    """The cause of the alert that carries a notice; its delivery id is made of it."""
    return f"{CAUSE}{kind}:{identity}"


def is_notice(cause: str) -> bool:
    """Whether an alert with this cause carries a notice, and so is about no change."""
    return cause.startswith(CAUSE)


def notice_subject(destination: str) -> str:
    """What the alert is about."""
    return f"destination:{destination}"


def subject_of(notice: "Notice") -> str:
    """What the alert is about, whichever notice it carries."""
    if isinstance(notice, CodeChanged):
        return f"subscription:{notice.subscription}"
    return notice_subject(notice.about.id)


def reach(since: datetime, now: datetime, patience: timedelta) -> int:
    """The highest of the steps that have been reached; 0 before the first."""
    share = (now - since) / patience * STOPPED
    return max((step for step in STEPS if step <= share), default=0)


class Place(Frozen):
    """A destination in words: its host alone, for the rest of a URL may hold a secret."""

    id: str
    name: str
    kind: str
    address: str


def place_of(identity: str, name: str, kind: str, address: str) -> Place:
    """With no more of its address than tells it apart."""
    if kind == "webhook":
        parts = urlsplit(address)
        address = f"{parts.scheme}://{parts.netloc}"
    return Place(id=identity, name=name, kind=kind, address=address)


class _Told(Frozen):
    """About which destination, when, and by which clocks its times are said."""

    about: Place
    at: datetime
    zone: str = "UTC"


class Failing(_Told):
    """Nothing arrives there; `percent` of the patience with it is over.

    `last_error` says in words what the latest attempt met, empty where that is not known. It is
    disabled at `disabled_at`; each alert is then held for `keep_days`.
    """

    kind: Literal[Kind.FAILING] = Kind.FAILING
    percent: int
    since: datetime
    failures: int
    last_error: str
    waiting: int
    disabled_at: datetime
    keep_days: float


class Disabled(_Told):
    """Sending there has ended, for the `reason` that the destination shows.

    `is_suppressed`: it is a mail address that a server said is no good.
    """

    kind: Literal[Kind.DISABLED] = Kind.DISABLED
    since: datetime | None
    failures: int
    last_error: str
    waiting: int
    disabled_at: datetime
    keep_days: float
    reason: str
    is_suppressed: bool = False


class Recovered(_Told):
    """Something has arrived there, or its owner has enabled it; `since`: of the trouble."""

    kind: Literal[Kind.RECOVERED] = Kind.RECOVERED
    since: datetime
    is_enabled: bool
    waiting: int


class Heartbeat(_Told):
    """Nothing was sent there since then, and whether that means that nothing changed.

    `behind` counts what is not worked up yet, None: nobody can tell. `muted` alerts were kept quiet
    as was asked, `stopped` changes wait for an operator's word.
    """

    kind: Literal[Kind.HEARTBEAT] = Kind.HEARTBEAT
    since: datetime
    lanes: int
    last_event_at: datetime | None
    behind: int | None = 0
    stopped: int = 0
    muted: int = 0


class NamedCode(Frozen):
    """A code in digits, as the HS describes it or the code above it."""

    code: str
    description: str


class ChangedCode(NamedCode):
    """A code of a lane (from 1) that changes because `old` does.

    `following` are codes that the lane does not go on to follow by itself; a retired one has none.
    """

    lane: int
    old: str
    is_retired: bool
    following: tuple[NamedCode, ...]


class CodeChanged(_Told):
    """Codes that a subscription names are split, merged or retired from the day `effective` on.

    `codes` are the first of them, `codes_more` counts the others. `about` is who is told.
    """

    kind: Literal[Kind.CODE_CHANGED] = Kind.CODE_CHANGED
    subscription: str
    subscription_name: str
    correlation: str
    title: str
    nomenclature: str
    effective: date
    codes: tuple[ChangedCode, ...]
    codes_more: int = 0


OfDestination = Failing | Disabled | Recovered | Heartbeat
Notice = Annotated[OfDestination | CodeChanged, Field(discriminator="kind")]
NOTICES: TypeAdapter[Notice] = TypeAdapter(Notice)
