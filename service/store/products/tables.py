"""The tables of goods: catalogues of owners, codes that change, and what owners decide of them."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from service.store.columns import COUNTED, index


class Catalogue(SQLModel, table=True):
    """A file of goods by the name that its owner gave it; `nomenclature` is empty for HS alone.

    Its id is made of account and name (`catalogue_id`), so that a lane's word for it is enough.
    """

    id: str = Field(primary_key=True)
    account_id: str
    name: str
    nomenclature: str = ""
    rows: int
    codes: int
    sha256: str
    created_at: datetime
    updated_at: datetime
    __table_args__ = (index("uq_catalogue_name", "account_id", "name", unique=True),)


class CatalogueGood(SQLModel, table=True):
    """A row of a catalogue, by its line in the file."""

    __tablename__ = "catalogue_good"
    catalogue_id: str = Field(primary_key=True)
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    code: str
    sku: str = ""
    name: str = ""
    __table_args__ = (index("ix_catalogue_good_code", "catalogue_id", "code"),)


class CatalogueFollower(SQLModel, table=True):
    """A subscription with a lane that follows a catalogue."""

    __tablename__ = "catalogue_follower"
    catalogue_id: str = Field(primary_key=True)
    subscription_id: str = Field(primary_key=True)
    __table_args__ = (index("ix_catalogue_follower", "subscription_id"),)


class Correlation(SQLModel, table=True):
    """A table of codes that change on a day: what was loaded, and how far its telling has come.

    `cursor` is the last subscription looked at; `due_at` is None when all have been.
    """

    id: str = Field(primary_key=True)
    nomenclature: str
    title: str = ""
    effective: date
    rows: int
    sha256: str
    loaded_at: datetime
    cursor: str = ""
    told: int = 0
    due_at: datetime | None = None
    __table_args__ = (
        index("uq_correlation_sha256", "sha256", unique=True),
        index("ix_correlation_due", "due_at", where="due_at IS NOT NULL"),
    )


class CorrelationRow(SQLModel, table=True):
    """One old code and one that follows it; `new` is empty where nothing does."""

    __tablename__ = "correlation_row"
    id: int | None = Field(default=None, primary_key=True, sa_type=COUNTED)
    correlation_id: str
    old: str
    new: str = ""
    kind: str
    __table_args__ = (index("ix_correlation_row", "correlation_id", "old"),)


class CodeChange(SQLModel, table=True):
    """That a correlation concerns a subscription, and what its owner has decided.

    `word` is `open`, `accepted`, `declined`, or `mended` where the owner wrote other codes.
    """

    __tablename__ = "code_change"
    subscription_id: str = Field(primary_key=True)
    correlation_id: str = Field(primary_key=True)
    account_id: str
    word: str
    told_at: datetime
    decided_at: datetime | None = None
    __table_args__ = (index("ix_code_change_correlation", "correlation_id"),)
