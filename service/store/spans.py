"""A part of an ordered list: where it begins, how long it is, and which way it runs."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select


@dataclass(frozen=True, slots=True)
class Span:
    """Up to `limit` rows after the place `after` (None or "": from the start)."""

    after: Any
    limit: int
    newest: bool = False

    def of(self, wanted: Select[*tuple[Any, ...]], place: Any) -> Select[*tuple[Any, ...]]:
        """The part of `wanted`, ordered by the column `place`."""
        if self.after not in {None, ""}:
            beyond = place < self.after if self.newest else place > self.after
            wanted = wanted.where(beyond)
        return wanted.order_by(place.desc() if self.newest else place).limit(self.limit)
