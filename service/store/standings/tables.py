"""The tables of what is known: subjects, the events about them, and the changes these made."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, func
from sqlmodel import Field, SQLModel, col

from service.store.columns import index


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
        index("ix_subject_named", "importer", "programme", "origin", where="importer <> ''"),
    )


class Alias(SQLModel, table=True):
    """Other names of a subject: an order, a heading, a case."""

    alias: str = Field(primary_key=True)
    subject: str = Field(foreign_key="subject.key", index=True)


class Event(SQLModel, table=True):
    """An accepted event as it came, and its outcome.

    `recorded_at` never decreases with `number`; a release before left it out.
    """

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    number: int = Field(unique=True, sa_type=BigInteger)
    digest: str
    type: str
    handling: str
    subject: str | None = None
    known_at: datetime
    accepted_at: datetime
    recorded_at: datetime | None = None
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
        index("ix_event_subject", "subject", "number"),
        index("ix_event_waiting", "number", where="outcome = 'waiting'"),
    )


class Mention(SQLModel, table=True):
    """That the event with this number names another, seen or not: carries it out, assesses it."""

    named_source: str = Field(primary_key=True)
    named_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    __table_args__ = (index("ix_mention_number", "number"),)


class Echo(SQLModel, table=True):
    """That the event with this number, of another subject, counts in this one too.

    `since` is the number of the event with which both it and what it names had come: it is the
    first that was folded with it.
    """

    subject: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    since: int = Field(sa_type=BigInteger)
    __table_args__ = (index("ix_echo_number", "number"),)


def recorded_at(event: type[Event]) -> Any:
    """When the books came to hold an event."""
    return func.coalesce(col(event.recorded_at), col(event.accepted_at)).label("recorded_at")


RECORDED_AT = recorded_at(Event)


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
        index("ix_change_subject", "subject", "number"),
        index("ix_change_recorded", "recorded_at"),
    )
