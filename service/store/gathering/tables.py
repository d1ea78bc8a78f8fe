"""The tables of what waits, and of what was told together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel


class Gathered(SQLModel, table=True):
    """A held delivery that waits for a cause; `due_at` is None once it has waited, or left."""

    delivery_id: UUID = Field(primary_key=True)
    destination_id: str
    cause: str
    due_at: datetime | None = None
    __table_args__ = (
        Index(
            "ix_gathered_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_gathered_cause", "destination_id", "cause"),
    )


class Carried(SQLModel, table=True):
    """An alert that is told in another; `place` counts from 0, the worst of them."""

    alert_id: UUID = Field(primary_key=True)
    member_id: UUID = Field(primary_key=True)
    place: int
    __table_args__ = (Index("ix_carried_member", "member_id"),)


class Tally(SQLModel, table=True):
    """How many alerts have left for a destination within an hour; its row is their lock."""

    destination_id: str = Field(primary_key=True)
    hour: datetime
    sent: int = 0
