"""The tables of what is not in the log: waiting for it, or refused."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

from service.store.columns import COUNTED, index


class Outbox(SQLModel, table=True):
    """Events accepted while the log was out of reach, in the order in which they came."""

    number: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=COUNTED,
    )
    topic: str
    key: str | None = None
    value: bytes = Field(sa_type=LargeBinary)
    headers: str = "[]"
    at: datetime
    # A number is never given again: who drains drops rows by it.
    __table_args__ = (index("ix_outbox_topic", "topic", "number"), {"sqlite_autoincrement": True})


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
        index("uq_quarantine_place", "topic", "partition", "position", unique=True),
        index("ix_quarantine_settled", "at", where="state <> 'open'"),
    )
