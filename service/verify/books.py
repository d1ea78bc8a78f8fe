"""The books while they are checked: the session, the moment, and how far a check has come."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.audit import PAGE, Rows

Read = Callable[[AsyncSession, Any], Awaitable[Rows]]
GRACE = timedelta(minutes=10)
"""What waits for longer is worked on by nobody: leases and pauses are much shorter."""


def _silent(_check: str, _rows: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Books:
    """`kept_since`: what was recorded earlier may have been pruned; `counted` rows by check."""

    session: AsyncSession
    now: datetime
    kept_since: datetime
    given: Mapping[str, int] = field(default_factory=dict)
    tell: Callable[[str, int], None] = _silent
    counted: dict[str, int] = field(default_factory=dict)

    async def pages(
        self, check: str, read: Read, place: str = "number", after: Any = None
    ) -> AsyncIterator[Rows]:
        """Page after page, each told to whoever watches."""
        self.counted.setdefault(check, 0)
        while rows := await read(self.session, after):
            yield rows
            after = getattr(rows[-1], place)
            self.counted[check] += len(rows)
            self.tell(check, self.counted[check])
            if len(rows) < PAGE:
                return

    def is_overdue(self, since: datetime) -> bool:
        """Whether somebody should have come long ago."""
        return since < self.now - GRACE
