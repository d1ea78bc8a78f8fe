"""What does not add up: which check found it, on which row, in one sentence."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How bad it is."""

    WRONG = "wrong"
    OVERDUE = "overdue"  # right, and nobody works on it
    NOTE = "note"  # neither: worth knowing


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence: the row, then what is the matter with it."""

    check: str
    row: str
    said: str
    kind: Kind = Kind.WRONG

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.row} {self.said}"
