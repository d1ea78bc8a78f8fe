"""What measures may be on, as an index; and how far it has come."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Reached(SQLModel, table=True):
    """The number of the last event that is in the index; no row before the first."""

    name: str = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)


class Reach(SQLModel, table=True):
    """A measure that may be on such goods; an empty code or origin is any."""

    importer: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
