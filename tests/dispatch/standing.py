"""Where every alert stands: one look at all the books, and what must hold of them at any time."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from service.store.delivery.sending import SENDING
from service.store.delivery.tables import Alert, Delivery, Held, Pace, Receipt
from service.store.following.tables import Destination
from service.store.pacing.lanes import AGAIN

FURTHEST = timedelta(hours=27)
"""No delivery is put off for longer than the longest wait, spread, and what was asked on top."""


@dataclass(frozen=True)
class Live:
    """A row of the queue."""

    id: UUID
    destination_id: str
    visible_at: Any
    lease: str | None
    lane: str
    number: int


@dataclass(frozen=True)
class Standing:
    """`held` are (alert, owner); `paces` by destination; `states` and `ordered` are theirs."""

    live: list[Live]
    held: list[tuple[UUID, str]]
    receipts: dict[UUID, str]
    subjects: dict[UUID, str]
    states: dict[str, str]
    ordered: dict[str, bool]
    paces: dict[str, tuple]  # look_at, rests_until, next_at

    @property
    def ended(self):
        return self.receipts.keys()

    @property
    def moments(self):
        """At which something may happen."""
        paces = [at for pace in self.paces.values() for at in pace if at]
        return [one.visible_at for one in self.live] + paces

    @property
    def lanes(self):
        """Those that hold something."""
        return {one.lane for one in self.live} - {""}

    def leased_to_others(self, sender):
        return {one.id for one in self.live if one.lease not in {None, sender}}

    def find_misplaced(self, made):
        """Alerts that are in no place, or in two."""
        places = Counter(one.id for one in self.live)
        places.update({one for one, _ in self.held})
        places.update(self.receipts.keys())
        return [number for number in range(1, made + 1) if places[UUID(int=number)] != 1]

    def find_forgotten(self, now, lease):
        """What waits for nothing: all is due in time, in a lane that is looked at, or held.

        A lane may be looked at as late as the lease ends of what was taken from it, and left.
        """
        until = now + timedelta(seconds=lease)
        return [
            *(one for one in self.held if not self._is_stopped(one[1])),
            *(one for one in self.live if self.states[one.destination_id] != "active"),
            *(one for one in self.live if one.visible_at > now + FURTHEST),
            *(one for one in self.live if one.lease and one.visible_at > until),
            *(lane for lane in self.lanes if self._waits(lane, now, until)),
        ]

    def _is_stopped(self, owner):
        return owner == SENDING or self.states[owner] != "active"

    def _waits(self, lane, now, until):
        """Whether it is not looked at although something could leave."""
        of_lane = [one for one in self._heads(lane) if one.lane]
        look_at, rests_until, next_at = self.paces.get(lane, (None, None, None))
        if not of_lane:
            return False  # each subject waits behind one that is still in the queue
        may = max(min(one.visible_at for one in of_lane), rests_until or now, next_at or now, now)
        return look_at is None or look_at > max(may + AGAIN, until)

    def _heads(self, lane):
        of_lane = [one for one in self.live if one.destination_id == lane]
        if not self.ordered[lane]:
            return of_lane
        heads = {}
        for one in sorted(of_lane, key=lambda one: one.number):
            heads.setdefault(self.subjects[one.id], one)
        return list(heads.values())


async def read_standing(db):
    """In one transaction, without the mapper: it is asked after every step of a machine."""

    async def look(session):
        connection = await session.connection()
        return [(await connection.execute(one)).all() for one in _LOOKS]

    live, held, receipts, alerts, destinations, paces = await db.run_read(look)
    return Standing(
        [Live(*one) for one in live],
        [tuple(one) for one in held],
        dict(map(tuple, receipts)),
        dict(map(tuple, alerts)),
        {name: state for name, state, _ in destinations},
        {name: ordered for name, _, ordered in destinations},
        {name: tuple(moments) for name, *moments in paces},
    )


_LOOKS = tuple(
    select(*(getattr(table, name) for name in names))
    for table, *names in (
        (Delivery, "id", "destination_id", "visible_at", "lease", "lane", "number"),
        (Held, "delivery_id", "owner_id"),
        (Receipt, "delivery_id", "outcome"),
        (Alert, "id", "subject"),
        (Destination, "id", "state", "ordered"),
        (Pace, "destination_id", "look_at", "rests_until", "next_at"),
    )
)
