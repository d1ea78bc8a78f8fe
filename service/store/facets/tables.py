"""The tables by which a preview finds changes, and what it matches them by."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from service.store.columns import index


class ChangeOutline(SQLModel, table=True):
    """All that `match` reads of a change (`core/match/outline.py`), without its snapshots.

    `number` is the change's; `at` when it was judged, `on_day` the day of its memberships.
    """

    __tablename__ = "change_outline"
    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime
    mode: str
    subject: str
    kinds: str
    certainty: str
    delta_pp: str | None = None
    new_pp: str | None = None
    on_day: str
    about: str
    lead: int | None = None
    of_clock: bool = False
    __table_args__ = (index("ix_change_outline_subject", "subject", "number"),)


class ChangeFacet(SQLModel, table=True):
    """A word under which a change is found (`core/match/facets.py`)."""

    __tablename__ = "change_facet"
    word: str = Field(primary_key=True)
    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    __table_args__ = {"sqlite_with_rowid": False}
