"""The tables of what is kept for proof alone."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from service.store.columns import COUNTED, index


class SubscriptionVersion(SQLModel, table=True):
    """A subscription as it was from an instant on; append-only.

    Written in the transaction that changes it, numbered in the order of those. `act` is what was
    done: made, changed, paused, resumed, removed, or found by the release that began to note it.
    `destinations` are ids with a blank between.
    """

    __tablename__ = "subscription_version"
    id: int | None = Field(default=None, primary_key=True, sa_type=COUNTED)
    subscription_id: str
    account_id: str
    at: datetime
    act: str
    name: str
    external_id: str | None = None
    rule: str
    labels: str
    details: str
    steps: str
    state: str
    destinations: str
    __table_args__ = (
        index("ix_subscription_version", "subscription_id", "id"),
        index("ix_subscription_version_at", "at"),
    )


class EvidenceKey(SQLModel, table=True):
    """A key that signs evidence: sealed as `store/following/vault.py` does; `public` is for all."""

    __tablename__ = "evidence_key"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    public: str
    sealed: str
    made_at: datetime
