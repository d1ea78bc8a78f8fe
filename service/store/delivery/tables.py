"""The tables of deliveries: `delivery` holds live work only and stays narrow; all else is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

from service.store.columns import index, made_later


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
    cause: str = Field(default="", sa_column_kwargs=made_later("''"))
    __table_args__ = (
        index("ix_alert_destination", "destination_id", "number"),
        index("ix_alert_told", "subject", "destination_id", "number"),
        index("ix_alert_change", "change_id", "number"),
        index("ix_alert_created", "created_at"),
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
    kind: str = Field(default="webhook", sa_column_kwargs=made_later("'webhook'"))
    urgency: int = Field(default=1, sa_column_kwargs=made_later("1"))
    number: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=made_later("0"))
    lane: str = Field(default="", sa_column_kwargs=made_later("''"))
    __table_args__ = (
        index("ix_delivery_queue", "kind", "urgency", "visible_at", "number", where="lane = ''"),
        index("ix_delivery_lane", "lane", "urgency", "number", where="lane <> ''"),
        index("ix_delivery_destination", "destination_id", "lane", "lease"),
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
        index("ix_pace_look", "look_at", where="look_at IS NOT NULL"),
        index("ix_pace_failing", "failing_since", where="failing_since IS NOT NULL"),
    )


class Held(SQLModel, table=True):
    """A delivery that waits for a paused subscription or destination, not lost."""

    delivery_id: UUID = Field(primary_key=True)
    owner_id: str = Field(primary_key=True)
    destination_id: str
    attempt: int = 1
    held_at: datetime
    __table_args__ = (index("ix_held_owner", "owner_id", "delivery_id"),)


class Rendered(SQLModel, table=True):
    """The bytes of a first attempt that failed: every retry sends the same."""

    delivery_id: UUID = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)


class Attempt(SQLModel, table=True):
    """One transmission and what came of it.

    `request` is what was sent, without its body and its secrets, and `answered` the headers of an
    answer that was no success: JSON, as `core/sending/sent.py` writes it.
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
    request: str = Field(default="", sa_column_kwargs=made_later("''"))
    answered: str = Field(default="", sa_column_kwargs=made_later("''"))
    __table_args__ = (
        index("ix_attempt_full", "at", where="(timings <> '{}' OR length(response) > 0)"),
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
    __table_args__ = (index("ix_superseded_successor", "successor_id"),)
