"""The tables of who follows what, and where they are told."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from service.store.columns import COUNTED, index, made_later


class Account(SQLModel, table=True):
    """Whoever owns destinations and subscriptions."""

    id: str = Field(primary_key=True)
    name: str
    created_at: datetime


class Destination(SQLModel, table=True):
    """A URL or a mail address, with its state and its credentials.

    `store/following/vault.py` seals them; `secrets` are those that an earlier release wrote: newest
    first, space-separated, in plain text.
    `rate` is in deliveries a second, `at_once` how many may be in the air; 0: no limit.
    `preferences` are JSON, as `core/destination/preferences.py` writes them.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    kind: str
    address: str
    name: str = ""
    secrets: str = ""
    sealed: str = Field(default="", sa_column_kwargs=made_later("''"))
    state: str = "active"
    reason: str = ""
    rate: float = Field(default=0, sa_column_kwargs=made_later("0"))
    at_once: int = Field(default=0, sa_column_kwargs=made_later("0"))
    ordered: bool = Field(default=False, sa_column_kwargs=made_later("false"))
    preferences: str = Field(default="", sa_column_kwargs=made_later("''"))
    created_at: datetime
    updated_at: datetime
    __table_args__ = (index("ix_destination_account", "account_id", "id"),)


class Subscription(SQLModel, table=True):
    """A rule as JSON text, and how its alerts are labelled.

    `steps` says whether it wants every alert on a subject, or the latest alone.
    `after_change` is the number of the last change when it was created: only later ones are
    planned for it.
    """

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id")
    name: str = ""
    external_id: str | None = None
    rule: str
    labels: str = "{}"
    details: str = "{}"
    steps: str = Field(default="every", sa_column_kwargs=made_later("'every'"))
    state: str = "active"
    after_change: int = Field(sa_type=BigInteger)
    created_at: datetime
    updated_at: datetime
    __table_args__ = (
        index("ix_subscription_account", "account_id", "id"),
        index(
            "uq_subscription_external",
            "account_id",
            "external_id",
            where="external_id IS NOT NULL",
            unique=True,
        ),
    )


class SubscriptionDestination(SQLModel, table=True):
    """Which destinations a subscription tells."""

    __tablename__ = "subscription_destination"
    subscription_id: str = Field(primary_key=True, foreign_key="subscription.id")
    destination_id: str = Field(primary_key=True, foreign_key="destination.id")
    __table_args__ = (index("ix_subscription_destination", "destination_id", "subscription_id"),)


class Filter(SQLModel, table=True):
    """A lane exploded into one indexed row a combination; an empty column means "any"."""

    id: int | None = Field(default=None, primary_key=True, sa_type=COUNTED)
    subscription_id: str = Field(foreign_key="subscription.id")
    layer: str
    importer: str
    origin: str
    code: str
    nomenclature: str
    subject: str
    possible: bool
    __table_args__ = (
        index("ix_filter_by_code", "layer", "importer", "code", "origin", "subscription_id"),
        index("ix_filter_by_origin", "layer", "importer", "origin", "code", "subscription_id"),
        index("ix_filter_by_subject", "subject", "subscription_id", where="subject <> ''"),
        index("ix_filter_subscription", "subscription_id"),
        index("ix_filter_by_goods", "code", "subscription_id", where="code <> ''"),
    )
