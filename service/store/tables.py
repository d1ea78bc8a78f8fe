"""Every table. Rows are not domain values: nothing here validates, `core` does.

The journey, row by row: event → change (standing is folded, never stored) → fanout → alert and
delivery → attempt → receipt; each room of the store keeps its own. Here is what processes must know
of each other.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

# Whoever needs all has all.
from service.store.arrivals import tables as _of_arrivals  # noqa: F401
from service.store.delivery import tables as _of_delivery  # noqa: F401
from service.store.evidence import tables as _of_evidence  # noqa: F401
from service.store.facets import tables as _of_facets  # noqa: F401
from service.store.following import tables as _of_following  # noqa: F401
from service.store.gathering import tables as _of_gathering  # noqa: F401
from service.store.mail import tables as _of_mail  # noqa: F401
from service.store.notices import tables as _of_notices  # noqa: F401
from service.store.plans import tables as _of_plans  # noqa: F401
from service.store.products import tables as _of_products  # noqa: F401
from service.store.rates import tables as _of_rates  # noqa: F401
from service.store.reminders import tables as _of_reminders  # noqa: F401
from service.store.standings import tables as _of_standings  # noqa: F401
from service.store.steering import tables as _of_steering  # noqa: F401


class Counter(SQLModel, table=True):
    """Numbers that readers page by, taken under the row's lock just before commit.

    The lock makes the order of numbers the order of commits, so `number > last` skips nothing.
    """

    name: str = Field(primary_key=True)
    last: int = Field(default=0, sa_type=BigInteger)


class Progress(SQLModel, table=True):
    """The bookmark: moved by compare-and-set in the transaction of the effects."""

    topic: str = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    log_id: str
    next: int = Field(sa_type=BigInteger)
    records: int = Field(default=0, sa_type=BigInteger)


class Lease(SQLModel, table=True):
    """What one process at a time may do: until when, and who."""

    name: str = Field(primary_key=True)
    holder: str
    until: datetime


class Setting(SQLModel, table=True):
    """What an installation knows of itself: its deployment id, the identity of its log."""

    name: str = Field(primary_key=True)
    value: str
