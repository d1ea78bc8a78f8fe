"""The tables of what people decide."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, func, select, text
from sqlmodel import Field, SQLModel, col

from service.store.delivery.tables import Alert


class Audit(SQLModel, table=True):
    """One decision: who did what to what, as JSON. Numbered in the order of commits."""

    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime
    who: str
    action: str
    object: str
    detail: str = "{}"
    __table_args__ = (Index("ix_audit_object", "object", "number"), Index("ix_audit_at", "at"))


class Errand(SQLModel, table=True):
    """Work on many alerts, done in pages: `cursor` is the number of the last alert looked at.

    One at a time for an `object` (such as `change:<id>`): a new one replaces the one before it.
    `due_at` is None when it is finished. `done` counts what it moved, `aloft` what was in the air,
    `waiting` what this time through the pages had not landed yet.
    """

    object: str = Field(primary_key=True)
    kind: str
    who: str
    reason: str = ""
    since: datetime | None = None
    cursor: int = Field(default=0, sa_type=BigInteger)
    done: int = 0
    aloft: int = 0
    waiting: int = 0
    begun_at: datetime
    due_at: datetime | None = None
    __table_args__ = (
        Index(
            "ix_errand_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )


class FormerReceipt(SQLModel, table=True):
    """How a delivery had ended before it was sent again; numbered from 1."""

    __tablename__ = "former_receipt"
    delivery_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    outcome: str
    reason: str
    attempts: int
    finished_at: datetime
    sha256: str = ""


class Mute(SQLModel, table=True):
    """A subject that is kept quiet until an instant; `destination_id` is empty for all of them."""

    id: str = Field(primary_key=True)
    account_id: str
    destination_id: str = ""
    subject: str
    until: datetime
    except_critical: bool = True
    note: str = ""
    who: str
    created_at: datetime
    __table_args__ = (Index("ix_mute_subject", "subject", "until"),)


SPENT = (
    select(func.max(col(FormerReceipt.attempts)))
    .where(col(FormerReceipt.delivery_id) == col(Alert.id))
    .correlate(Alert)
    .scalar_subquery()
)
"""Of an alert, the attempts that were made before it was sent again; null if it never was."""
