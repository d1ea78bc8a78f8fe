"""The tables of the clock: instants that are still to come, and lead times in use."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from service.store.columns import index


class Reminder(SQLModel, table=True):
    """An instant of a subject that is not on the log yet; gone once it is.

    `since` is when it was made, or last looked at; `due_at` when it is looked at next: for a lead
    time, or because it has come. It is renewed in the transaction that records events.
    """

    subject: str = Field(primary_key=True)
    turn: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    handling: str
    since: datetime
    due_at: datetime
    __table_args__ = (index("ix_reminder_due", "due_at"),)


class LeadTime(SQLModel, table=True):
    """So many days before an instant somebody wants to be told, since then.

    `is_spread`: whether every reminder made before it was looked at again.
    """

    __tablename__ = "lead_time"
    days: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    since: datetime
    is_spread: bool = False
