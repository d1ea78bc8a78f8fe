"""Every table. Rows are not domain values: nothing here validates, `core` does.

The journey, row by row: event → change (standing is folded, never stored) → fanout → alert and
delivery → attempt → receipt. `delivery` holds live work only and stays narrow; all else is kept.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, false, text
from sqlmodel import Field, SQLModel

from service.store.gathering import tables as _of_gathering  # noqa: F401
from service.store.mail import tables as _of_mail  # noqa: F401  # whoever needs all has all
from service.store.notices import tables as _of_notices  # noqa: F401


def _index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> Index:
    condition: dict[str, Any] = {}
    if where:
        condition = {"sqlite_where": text(where), "postgresql_where": text(where)}
    return Index(name, *columns, unique=unique, **condition)


def _made_later(default: str) -> dict[str, Any]:
    """A column that the release before does not know: the database fills it in for it."""
    return {"server_default": text(default)}


_COUNTED: Any = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives: SQLite counts by INTEGER keys only."""


class Counter(SQLModel, table=True):
    """Numbers that readers page by, taken under the row's lock just before commit.

    The lock makes the order of numbers the order of commits, so `number > last` skips nothing.
    """

    name: str = Field(primary_key=True)
    last: int = Field(default=0, sa_type=BigInteger)


class Progress(SQLModel, table=True):
    """The bookmark: moved by compare-and-set in the transaction of the effects."""

    topic: str = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    log_id: str
    next: int = Field(sa_type=BigInteger)
    records: int = Field(default=0, sa_type=BigInteger)


class Account(SQLModel, table=True):
    """Whoever owns destinations and subscriptions."""

    id: str = Field(primary_key=True)
    name: str
    created_at: datetime


class Destination(SQLModel, table=True):
    """A URL or a mail address, with its state and its credentials, as `store/vault.py` seals them.

    `secrets` are those that an earlier release wrote: newest first, space-separated, in plain text.
    `rate` is in deliveries a second, `at_once` how many may be in the air; 0: no limit.
    `preferences` are JSON, as `core/preferences.py` writes them.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    kind: str
    address: str
    name: str = ""
    secrets: str = ""
    sealed: str = Field(default="", sa_column_kwargs=_made_later("''"))
    state: str = "active"
    reason: str = ""
    rate: float = Field(default=0, sa_column_kwargs=_made_later("0"))
    at_once: int = Field(default=0, sa_column_kwargs=_made_later("0"))
    ordered: bool = Field(default=False, sa_column_kwargs=_made_later("false"))
    preferences: str = Field(default="", sa_column_kwargs=_made_later("''"))
    created_at: datetime
    updated_at: datetime
    __table_args__ = (_index("ix_destination_account", "account_id", "id"),)


class Subscription(SQLModel, table=True):
    """A rule as JSON text, and how its alerts are labelled.

    `steps` says whether it wants every alert on a subject, or the latest alone.
    `after_change` is the number of the last change when it was created: only later ones are
    planned for it.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    name: str = ""
    external_id: str | None = None
    rule: str
    labels: str = "{}"
    details: str = "{}"
    steps: str = Field(default="every", sa_column_kwargs=_made_later("'every'"))
    state: str = "active"
    after_change: int = Field(sa_type=BigInteger)
    created_at: datetime
    updated_at: datetime
    __table_args__ = (
        _index("ix_subscription_account", "account_id", "id"),
        _index(
            "uq_subscription_external",
            "account_id",
            "external_id",
            where="external_id IS NOT NULL",
            unique=True,
        ),
    )


class SubscriptionDestination(SQLModel, table=True):
    """Which destinations a subscription tells."""

    __tablename__ = "subscription_destination"
    subscription_id: str = Field(primary_key=True, foreign_key="subscription.id")
    destination_id: str = Field(primary_key=True, foreign_key="destination.id")
    __table_args__ = (_index("ix_subscription_destination", "destination_id", "subscription_id"),)


class Filter(SQLModel, table=True):
    """A lane exploded into one indexed row a combination; an empty column means "any"."""

    id: int | None = Field(default=None, primary_key=True, sa_type=_COUNTED)
    subscription_id: str = Field(foreign_key="subscription.id")
    layer: str
    importer: str
    origin: str
    code: str
    nomenclature: str
    subject: str
    possible: bool
    __table_args__ = (
        _index("ix_filter_by_code", "layer", "importer", "code", "origin", "subscription_id"),
        _index("ix_filter_by_origin", "layer", "importer", "origin", "code", "subscription_id"),
        _index("ix_filter_by_subject", "subject", "subscription_id", where="subject <> ''"),
        _index("ix_filter_subscription", "subscription_id"),
    )


class Subject(SQLModel, table=True):
    """What events are about; its row is the lock under which changes are counted."""

    key: str = Field(primary_key=True)
    importer: str = ""
    programme: str = ""
    origin: str = ""
    flagged: bool = False
    events: int = 0
    sequence: int = 0
    last_change: UUID | None = None
    __table_args__ = (
        _index("ix_subject_named", "importer", "programme", "origin", where="importer <> ''"),
    )


class Alias(SQLModel, table=True):
    """Other names of a subject: an order, a heading, a case."""

    alias: str = Field(primary_key=True)
    subject: str = Field(foreign_key="subject.key", index=True)


class Event(SQLModel, table=True):
    """An accepted event as it came, and its outcome."""

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    number: int = Field(unique=True, sa_type=BigInteger)
    digest: str
    type: str
    handling: str
    subject: str | None = None
    known_at: datetime
    accepted_at: datetime
    body: bytes = Field(sa_type=LargeBinary)
    outcome: str
    reason: str
    change_id: UUID | None = None
    about_source: str | None = None
    about_id: str | None = None
    topic: str
    partition: int
    position: int = Field(sa_type=BigInteger)
    __table_args__ = (
        _index("ix_event_subject", "subject", "number"),
        _index("ix_event_waiting", "about_source", "about_id", where="outcome = 'waiting'"),
    )


class Change(SQLModel, table=True):
    """A change as derived, never derived again."""

    id: UUID = Field(primary_key=True)
    number: int = Field(unique=True, sa_type=BigInteger)
    subject: str
    sequence: int
    kind: str
    severity: str
    certainty: str
    mode: str
    recorded_at: datetime
    body: bytes = Field(sa_type=LargeBinary)
    __table_args__ = (
        _index("ix_change_subject", "subject", "number"),
        _index("ix_change_recorded", "recorded_at"),
    )


class Fanout(SQLModel, table=True):
    """How far a change has been planned; `cursor` is the last destination that was looked at.

    `state` says that a person has the word, or had it (`core/steering.py`), and `reason` why. Then
    `is_unfinished` remembers that planning goes on when it is let go.
    """

    change_id: UUID = Field(primary_key=True, foreign_key="change.id")
    number: int = Field(sa_type=BigInteger)
    cursor: str = ""
    is_open: bool = True
    looked_at: int = 0
    planned: int = 0
    state: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    reason: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    is_unfinished: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    __table_args__ = (
        _index("ix_fanout_open", "number", where="is_open"),
        _index("ix_fanout_state", "state", "number", where="state <> ''"),
    )


class Alert(SQLModel, table=True):
    """One alert to one destination: its cause and why, for ever. `id` is the webhook-id.

    `cause` is empty where the change itself is the cause, else such as `recall:<change>`.
    """

    id: UUID = Field(primary_key=True)
    number: int = Field(unique=True, sa_type=BigInteger)
    account_id: str
    destination_id: str
    change_id: UUID
    subject: str
    told_pp: str | None = None
    matched: bytes = Field(sa_type=LargeBinary)
    created_at: datetime
    cause: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    __table_args__ = (
        _index("ix_alert_destination", "destination_id", "number"),
        _index("ix_alert_told", "subject", "destination_id", "number"),
        _index("ix_alert_change", "change_id", "number"),
        _index("ix_alert_created", "created_at"),
    )


class Delivery(SQLModel, table=True):
    """Live work. Claimed when visible; a lease is a visibility in the future with a token.

    What has a `lane` waits for its turn there, at its destination's pace, and delays nobody.
    `number` is the alert's; `urgency` 0 goes first.
    """

    id: UUID = Field(primary_key=True)
    destination_id: str
    visible_at: datetime
    attempt: int = 1
    lease: str | None = None
    kind: str = Field(default="webhook", sa_column_kwargs=_made_later("'webhook'"))
    urgency: int = Field(default=1, sa_column_kwargs=_made_later("1"))
    number: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=_made_later("0"))
    lane: str = Field(default="", sa_column_kwargs=_made_later("''"))
    __table_args__ = (
        _index("ix_delivery_queue", "kind", "urgency", "visible_at", "number", where="lane = ''"),
        _index("ix_delivery_lane", "lane", "urgency", "number", where="lane <> ''"),
        _index("ix_delivery_destination", "destination_id", "lane", "lease"),
    )


class Pace(SQLModel, table=True):
    """How a destination is sent to at the moment, where that is not simply at once.

    `look_at` is when its lane is worth a visit, and none while the lane is empty. `next_at` is
    when its rate allows the next delivery.
    """

    destination_id: str = Field(primary_key=True)
    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    next_at: datetime | None = None
    look_at: datetime | None = None
    __table_args__ = (
        _index("ix_pace_look", "look_at", where="look_at IS NOT NULL"),
        _index("ix_pace_failing", "failing_since", where="failing_since IS NOT NULL"),
    )


class Held(SQLModel, table=True):
    """A delivery that waits for a paused subscription or destination, not lost."""

    delivery_id: UUID = Field(primary_key=True)
    owner_id: str = Field(primary_key=True)
    destination_id: str
    attempt: int = 1
    held_at: datetime
    __table_args__ = (_index("ix_held_owner", "owner_id", "delivery_id"),)


class Rendered(SQLModel, table=True):
    """The bytes of a first attempt that failed: every retry sends the same."""

    delivery_id: UUID = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)


class Attempt(SQLModel, table=True):
    """One transmission and what came of it.

    `request` is what was sent, without its body and its secrets, and `answered` the headers of an
    answer that was no success: JSON, as `core/sent.py` writes it.
    """

    delivery_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime
    outcome: str
    status: int | None = None
    reason: str
    peer: str = ""
    seconds: float = 0
    timings: str = "{}"
    response: bytes = Field(default=b"", sa_type=LargeBinary)
    request: str = Field(default="", sa_column_kwargs=_made_later("''"))
    answered: str = Field(default="", sa_column_kwargs=_made_later("''"))
    __table_args__ = (
        _index("ix_attempt_full", "at", where="(timings <> '{}' OR length(response) > 0)"),
    )


class Receipt(SQLModel, table=True):
    """How a delivery ended; append-only."""

    delivery_id: UUID = Field(primary_key=True)
    outcome: str
    reason: str
    attempts: int
    finished_at: datetime
    sha256: str = ""


class Superseded(SQLModel, table=True):
    """An alert that gave way before it was sent, and the one that took its place in the end."""

    delivery_id: UUID = Field(primary_key=True)
    successor_id: UUID
    __table_args__ = (_index("ix_superseded_successor", "successor_id"),)


class Outbox(SQLModel, table=True):
    """Events accepted while the log was out of reach, in the order in which they came."""

    number: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=_COUNTED,
    )
    topic: str
    key: str | None = None
    value: bytes = Field(sa_type=LargeBinary)
    headers: str = "[]"
    at: datetime
    # A number is never given again: who drains drops rows by it.
    __table_args__ = (_index("ix_outbox_topic", "topic", "number"), {"sqlite_autoincrement": True})


class Lease(SQLModel, table=True):
    """What one process at a time may do: until when, and who."""

    name: str = Field(primary_key=True)
    holder: str
    until: datetime


class Quarantine(SQLModel, table=True):
    """An input that could not be taken, with its bytes, its place and the reason."""

    id: str = Field(primary_key=True)
    topic: str
    partition: int
    position: int = Field(sa_type=BigInteger)
    reason: str
    key: str | None = None
    value: bytes = Field(sa_type=LargeBinary)
    headers: str = "[]"
    state: str = "open"
    at: datetime
    __table_args__ = (
        _index("uq_quarantine_place", "topic", "partition", "position", unique=True),
        _index("ix_quarantine_settled", "at", where="state <> 'open'"),
    )


class Setting(SQLModel, table=True):
    """What an installation knows of itself: its deployment id, the identity of its log."""

    name: str = Field(primary_key=True)
    value: str
