"""Numbers that readers page by: dense, up to what was given."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.verify.finding import Finding, Kind


@dataclass(slots=True)
class Numbers:
    """Watches one row after the other, by number; `gaps` says how bad a missing one is."""

    check: str
    noun: str
    given: int
    kept_since: datetime
    gaps: Kind = Kind.WRONG
    last: int = 0

    def meet(self, number: int, at: datetime) -> Iterator[Finding]:
        """The next row; below what may have been pruned a gap is none."""
        if number != self.last + 1 and at >= self.kept_since:
            yield self._miss(self.last + 1, number - 1)
        self.last = number

    def end(self) -> Iterator[Finding]:
        """After the last row."""
        if self.last < self.given:
            yield self._miss(self.last + 1, self.given)
        elif self.last > self.given:
            said = f"is the last, and the counter stands at {self.given}: it would be given again"
            yield Finding(self.check, f"{self.noun} {self.last}", said)

    def _miss(self, first: int, last: int) -> Finding:
        if first == last:
            return Finding(self.check, f"{self.noun} {first}", "is missing", self.gaps)
        return Finding(self.check, f"{self.noun}s {first} to {last}", "are missing", self.gaps)
