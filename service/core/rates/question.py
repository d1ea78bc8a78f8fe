"""What is asked: goods of an origin entering somewhere at an instant, as then or later known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from service.core.codes import groups_of


@dataclass(frozen=True, slots=True)
class Question:
    """`code` has digits only, of `nomenclature` past the sixth. `at` is the instant of entry.

    `origins` and `importers` are the country named and the unions that it was in on the day.
    """

    importer: str
    origin: str
    code: str
    nomenclature: str | None
    at: datetime
    known_at: datetime

    @property
    def origins(self) -> frozenset[str]:
        """The country, and the groups that it was a member of."""
        return groups_of(self.origin, self.at.date()) | {self.origin}

    @property
    def importers(self) -> frozenset[str]:
        """Who may levy: the country, and the groups that it was a member of."""
        return groups_of(self.importer, self.at.date()) | {self.importer}

    def is_near(self, prefixes: Iterable[str]) -> bool:
        """Whether the goods lie within one of these, or one of these lies within the goods."""
        return any(self.code.startswith(one) or one.startswith(self.code) for one in prefixes)
