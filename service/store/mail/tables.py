"""The tables of mail: who wants it, who was asked, what came back, and what gets none."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel


class Consent(SQLModel, table=True):
    """What a reader, or an owner in a reader's name, has said; append-only, for whoever asks."""

    id: str = Field(primary_key=True)
    destination_id: str
    address: str
    act: str
    note: str = ""
    at: datetime
    __table_args__ = (Index("ix_consent_destination", "destination_id", "id"),)


class Invitation(SQLModel, table=True):
    """A mail that asks for confirmation. Due while `visible_at` is set; `id` names the message."""

    id: UUID = Field(primary_key=True)
    destination_id: str
    address: str
    asked_at: datetime
    visible_at: datetime | None = None
    attempt: int = 1
    said: str = ""
    __table_args__ = (
        Index("ix_invitation_address", "address", "asked_at"),
        Index(
            "ix_invitation_due",
            "visible_at",
            sqlite_where=text("visible_at IS NOT NULL"),
            postgresql_where=text("visible_at IS NOT NULL"),
        ),
    )


class Suppression(SQLModel, table=True):
    """An address that is no good: a server said so, and nothing is sent until a person lifts it."""

    address: str = Field(primary_key=True)
    reason: str
    at: datetime


class Returned(SQLModel, table=True):
    """A delivery that a server took and gave up later."""

    delivery_id: UUID = Field(primary_key=True)
    kind: str
    reason: str
    at: datetime
