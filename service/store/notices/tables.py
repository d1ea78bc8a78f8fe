"""The tables of notices: what was told, who is in trouble, when to say that all is well."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Notice(SQLModel, table=True):
    """What an alert says that no change caused, as JSON (`core/sending/notice.py`)."""

    id: UUID = Field(primary_key=True)
    kind: str
    body: str
    at: datetime = Field(index=True)


class Trouble(SQLModel, table=True):
    """A destination that fails, or was disabled, until its owner has been told that it recovered.

    `step` is the last that was told: percent of the patience with it since `since`, or 100 when it
    was disabled at `since`. `word` is `due` until that is told, then `told`, or `kept` where all
    the trouble is with notices: a notice never causes a notice.
    """

    destination_id: str = Field(primary_key=True)
    since: datetime
    step: int
    word: str
    is_enabled: bool = False


class Beat(SQLModel, table=True):
    """When a destination is next told that nothing has changed; looked at last at `since`.

    Alerts up to the number `after` were there then.
    """

    destination_id: str = Field(primary_key=True)
    since: datetime
    after: int = Field(sa_type=BigInteger)
    due_at: datetime = Field(index=True)
