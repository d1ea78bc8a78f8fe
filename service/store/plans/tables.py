"""The table of fan-outs."""

from uuid import UUID

from sqlalchemy import BigInteger, false
from sqlmodel import Field, SQLModel

from service.store.columns import index, made_later


class Fanout(SQLModel, table=True):
    """How far a change has been planned; `cursor` is the last destination that was looked at.

    `state` says that a person has the word, or had it (`core/sending/steering.py`), and `reason`
    why. Then `is_unfinished` remembers that planning goes on when it is let go.
    """

    change_id: UUID = Field(primary_key=True, foreign_key="change.id")
    number: int = Field(sa_type=BigInteger)
    cursor: str = ""
    is_open: bool = True
    looked_at: int = 0
    planned: int = 0
    state: str = Field(default="", sa_column_kwargs=made_later("''"))
    reason: str = Field(default="", sa_column_kwargs=made_later("''"))
    is_unfinished: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    __table_args__ = (
        index("ix_fanout_open", "number", where="is_open"),
        index("ix_fanout_state", "state", "number", where="state <> ''"),
    )
