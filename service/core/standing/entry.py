"""An event as recorded: what it says, when that was known, and when we judged it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.core.event import Event, Identity, Instrument, Measure, Tick
from service.core.moment import Moment


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as recorded.

    `known_at` is when it was first publicly knowable (never after we accepted it). `seen_at` is
    the instant at which its change is judged: the acceptance of a live event, the knowing of one
    that is replayed. `change` is the change it caused, if any. `recorded_at` is when our books came
    to hold it, None before they do; it never decreases from one event to the next.
    """

    event: Event
    known_at: datetime
    seen_at: datetime
    change: UUID | None = None
    recorded_at: datetime | None = None

    @property
    def identity(self) -> Identity:
        """(source, id)."""
        return self.event.identity

    @property
    def is_tick(self) -> bool:
        """Whether it is the clock's, which causes changes and holds no state."""
        return isinstance(self.event.data, Tick)

    @property
    def fold_key(self) -> tuple[datetime, datetime, str, str]:
        """Announced (else known), known, source, id: the order in which facts build up."""
        data = self.event.data
        announced = (
            data.announced_at.at if isinstance(data, Measure) and data.announced_at else None
        )
        return (announced or self.known_at, self.known_at, *self.event.identity)


def start_of(entry: Entry, data: Measure) -> Moment:
    """When it takes effect; where nothing is stated, when it was announced or known."""
    return data.effective_at or data.announced_at or Moment(entry.known_at)


def law_of(data: Measure) -> tuple[Instrument, ...]:
    """Everything the event cites, its own instrument first."""
    return ((data.instrument,) if data.instrument else ()) + data.citations
