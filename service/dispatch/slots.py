"""Slots of a sender: what is in the air, and how many more may join it of each destination."""

from collections import Counter, OrderedDict
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from uuid import UUID

from service.core.sending.pace import share

SLOW = 0.5
"""Seconds: who takes longer to answer is slow, and has no more than a share of the slots."""
OVERHANG = 2
"""What has been in the air for longer than that takes up no slot any more, up to so many times the
slots: waiting costs next to nothing, and who is quick is not to wait for it."""
KEPT_OF = 4
KNOWN = 10_000
"""Destinations remembered as slow, at most."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A delivery in the air, `since` an instant of the loop's clock (seconds)."""

    kind: str
    destination_id: str
    urgency: int
    since: float


@dataclass(frozen=True, slots=True)
class Room:
    """What is free at one moment, by kind; what is taken of it is counted at once.

    `rest` is kept from what is urgent, for the rest.
    `held` are those in the air, by destination; `slow` are destinations that take their time.
    """

    free: Mapping[str, int]
    rest: Mapping[str, int]
    held: Mapping[str, int]
    slow: Container[str]
    taken: Counter[str] = field(default_factory=Counter)  # by kind
    given: Counter[str] = field(default_factory=Counter)  # by destination

    def as_it_was(self) -> Self:
        """With nothing taken: a transaction may be run more than once."""
        return replace(self, taken=Counter(), given=Counter())

    @property
    def is_full(self) -> bool:
        """Whether there is no room at all."""
        return not any(self.free.values())

    @property
    def is_used_up(self) -> bool:
        """Whether more may be due than there was room for."""
        return any(self.taken[kind] >= free > 0 for kind, free in self.free.items())

    def left(self, kind: str) -> int:
        """Slots that nobody has taken yet."""
        return max(0, self.free.get(kind, 0) - self.taken[kind])

    def kept(self, kind: str) -> int:
        """Slots that what is urgent leaves to the rest."""
        return self.rest.get(kind, 0)

    def take(self, kind: str, destination_id: str, wanted: int) -> int:
        """How many of so many deliveries may leave; a slow destination has its share only."""
        left = self.left(kind)
        held = self.held.get(destination_id, 0) + self.given[destination_id]
        most = share(left, held) if destination_id in self.slow else left
        granted = max(0, min(wanted, most))
        self.taken[kind] += granted
        self.given[destination_id] += granted
        return granted


class Slots:
    """`slots` by kind of destination: what else is in the air must be slow."""

    def __init__(self, slots: Mapping[str, int]) -> None:
        self._slots = slots
        self._flights: dict[UUID, Flight] = {}
        self._slow: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """How many are in the air."""
        return len(self._flights)

    def board(self, delivery: UUID, flight: Flight) -> None:
        """It leaves."""
        self._flights[delivery] = flight

    def land(self, delivery: UUID, now: float) -> None:
        """It is back; who took too long is slow until it is once quick again."""
        flight = self._flights.pop(delivery)
        if now - flight.since > SLOW:
            self._note_slow(flight.destination_id)
        else:
            self._slow.pop(flight.destination_id, None)

    def _note_slow(self, destination_id: str) -> None:
        self._slow[destination_id] = None
        self._slow.move_to_end(destination_id)
        if len(self._slow) > KNOWN:
            self._slow.popitem(last=False)

    def free(self, now: float) -> dict[str, int]:
        """How many may join now, by kind."""
        young = Counter(one.kind for one in self._flights.values() if now - one.since <= SLOW)
        every = Counter(one.kind for one in self._flights.values())
        return {
            kind: max(0, min(slots - young[kind], OVERHANG * slots - every[kind]))
            for kind, slots in self._slots.items()
        }

    def room(self, now: float) -> Room:
        """For one transaction."""
        for one in self._flights.values():
            if now - one.since > SLOW:
                self._note_slow(one.destination_id)
        held = Counter(one.destination_id for one in self._flights.values())
        return Room(self.free(now), self._kept(), held, frozenset(self._slow))

    def _kept(self) -> dict[str, int]:
        """One slot in so many is not for what is urgent, as long as the rest has not as many."""
        rest = Counter(one.kind for one in self._flights.values() if one.urgency)
        return {kind: max(0, slots // KEPT_OF - rest[kind]) for kind, slots in self._slots.items()}
