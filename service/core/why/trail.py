"""What the books say of one event on its way to one destination; nothing is judged here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from service.core.change import Change
from service.core.match.subscription import Rule
from service.core.sending.delivery import State
from service.core.sending.steering import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A destination; `address` is as it may be shown. None there: it was removed."""

    id: str
    kind: str
    address: str
    state: str
    reason: str


class Place(StrEnum):
    """Where an event is."""

    BOOKS = "books"
    OUTBOX = "outbox"
    QUARANTINE = "quarantine"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An event as it came. `entry` is the id of a quarantined one, `settled` what became of it.

    `unread` counts records of the log that were not read yet, for one that is nowhere; `is_cut`:
    more was set aside than was looked into. `is_guessed`: it cannot be read, and may be another.
    """

    source: str | None
    id: str
    place: Place
    at: datetime | None = None
    entry: str = ""
    reason: str = ""
    settled: str = ""
    unread: int = 0
    is_guessed: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What an event in the books became; `rests_on` is what stood on its subject before."""

    handling: str
    outcome: str
    reason: str
    subject: str | None
    rests_on: tuple[str, str] | None = None
    about: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A change, its number, and how its fan-out goes; `who` decided `word`, and when."""

    change: Change
    number: int
    recorded_at: datetime
    is_open: bool
    word: Word
    reason: str
    who: str = ""
    decided_at: datetime | None = None

    @property
    def decided(self) -> str:
        """By whom and why, as the end of a sentence."""
        by = f" by {self.who}" if self.who else ""
        return by + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A subscription that tells the destination; changes up to `after_change` came before it.

    `then` is its rule as it was when the change was recorded; None where that is not kept.
    """

    id: str
    name: str
    rule: Rule
    then: Rule | None
    state: str
    after_change: int
    created_at: datetime
    updated_at: datetime

    @property
    def said(self) -> str:
        """By its name, else its id."""
        return f"“{self.name}”" if self.name else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds an alert back, since when; `due_at` and `cause` of what waits for others."""

    owner: str
    since: datetime
    due_at: datetime | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A subscription behind an alert, and the reason why."""

    subscription: str
    name: str
    lane: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The last attempt."""

    number: int
    at: datetime
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How its destination does: failures in a row, a rest, its rate, and whether it has a lane."""

    failures: int = 0
    rests_until: datetime | None = None
    next_at: datetime | None = None
    rate: float = 0
    is_laned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Why nothing is sent at all: by the setting, or by a hold (`is_hold`), since when and whose.

    `who` is "" where no person held it, but the service itself.
    """

    reason: str
    is_hold: bool = False
    who: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An alert, and where it stands. `told_in` is the bundle of a digested one.

    `successor` is what a superseded one gave way to, `withheld` why nothing is sent at all.
    """

    id: UUID
    state: State
    reason: str
    attempts: int
    cause: str
    created_at: datetime
    finished_at: datetime | None
    due_at: datetime | None
    matched: Sequence[Matched]
    holders: Sequence[Holder] = ()
    last: Tried | None = None
    pace: Pace = Pace()
    withheld: Withheld | None = None
    told_in: "Sent | None" = None
    successor: UUID | None = None
    suppressed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """All of it; what the walk does not reach is None or empty.

    `told_pp` is the rate in percent that the destination had been told last before this change.
    """

    to: Recipient
    input: Input
    ended: Ended | None = None
    known: Known | None = None
    followers: Sequence[Follower] = ()
    told_pp: Decimal | None = None
    sent: Sent | None = None
