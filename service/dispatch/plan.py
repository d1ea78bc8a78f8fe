"""From a change to deliveries: page by page through the destinations that it concerns.

A page's deliveries and the fan-out's cursor move in one transaction, so a crash resumes at the
page, and a change that reaches a million destinations is never one giant transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.change import Change
from service.core.match import facts_of, narrow
from service.core.sending.steering import OPEN_GATE, Gate
from service.dispatch.concerned import find_concerns
from service.dispatch.following import (
    find_firsts,
    find_followers,
    find_reached,
    merge,
    must_wait,
    pass_over_told,
)
from service.dispatch.page import cut_page, match_all, write_page
from service.store.database import Database
from service.store.following.candidates import (
    Candidate,
    find_told,
    list_candidates,
    turn_destinations,
    walk_candidates,
)
from service.store.following.nets import find_subscriptions
from service.store.plans.fanouts import OpenFanout, Page, open_fanouts, record_pages
from service.store.plans.planning import find_subjects_in_hand
from service.store.steering.stops import find_place
from service.telemetry import Metrics

FANOUTS = 100
DESTINATIONS = 1000
TURN_SECONDS = 0.25
"""After so long a turn takes no further page: rows that it locked wait for it."""
WIDE = 5000
"""From so many subscriptions on, walking all destinations costs less than asking again."""

log = structlog.get_logger()

Told = dict[tuple[str, str], Decimal]
"""(subject, destination) → the rate in percent that it was told."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction plans; whether there is, or may be, more to do."""

    pages: Sequence[Page]
    has_more: bool

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.pages)


class Planner:
    """`ring` wakes the sender after each commit that made deliveries.

    `gate` says which changes wait until a person approves of telling them.
    """

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        metrics: Metrics,
        ring: Callable[[], None],
        gate: Gate = OPEN_GATE,
    ) -> None:
        self._db = db
        self._gate = gate
        self._clock = clock
        self._metrics = metrics
        self._ring = ring

    async def step(self) -> bool:
        """Plan a page of each of the oldest open changes. False: all are planned."""
        turn = await self._db.run_turn(self._turn_pages, self._record, name="plan")
        self._count(turn.pages)
        return turn.has_more

    async def _record(self, session: AsyncSession, turn: Turn) -> None:
        await record_pages(session, turn.pages, self._clock())

    async def _turn_pages(self, session: AsyncSession) -> Turn:
        """Pages until there are deliveries enough for one transaction, or it has taken enough.

        The changes of one subject are planned in their order, whoever plans them: what a
        destination was last told decides whether the next one is worth telling. Where somebody
        wants the latest alone they are planned one a turn: the next may end this one.
        """
        fanouts = await open_fanouts(session, FANOUTS)
        waiting = await find_subjects_in_hand(session, [one.number for one in fanouts])
        pages: list[Page] = []
        said: Told = {}
        made, begun = 0, perf_counter()
        taken: set[UUID] = set()
        for fanout in fanouts:
            if fanout.change.subject in waiting:
                continue
            if await must_wait(session, fanout.change, fanout.number, taken):
                waiting.add(fanout.change.subject)
                continue
            page = await self._turn_page(session, fanout, said)
            taken.add(fanout.change.id)
            pages.append(page)
            said |= _read_told(page)
            made += len(page.alerts)
            if made >= DESTINATIONS or perf_counter() - begun > TURN_SECONDS:
                break
            if not page.is_last or page.wants_latest:
                waiting.add(fanout.change.subject)
        is_all = len(pages) == len(fanouts) < FANOUTS and all(page.is_last for page in pages)
        return Turn(pages, has_more=bool(pages) and not is_all)

    async def _turn_page(self, session: AsyncSession, fanout: OpenFanout, said: Told) -> Page:
        page = await self._look(session, fanout, said)
        if fanout.is_fresh and self._gate.audience:
            doubt = await self._doubt(session, page, said)
            if doubt:
                return Page(fanout, (), (), looked_at=0, is_last=False, doubt=doubt)
        return page

    async def _look(self, session: AsyncSession, fanout: OpenFanout, said: Told) -> Page:
        facts = facts_of(fanout.change)
        net = narrow(facts)
        firsts = await find_firsts(session, fanout.change)
        found = await find_subscriptions(session, net, WIDE + 1)
        reached = await find_reached(session, firsts, WIDE + 1)
        is_wide = max(len(found), len(reached)) > WIDE
        if is_wide:
            among = await turn_destinations(session, fanout.cursor, DESTINATIONS)
            every = await walk_candidates(session, net, fanout.number, among)
        else:
            among = sorted(one for one in set(reached) if one > fanout.cursor)
            every = await list_candidates(session, found, fanout.number, fanout.cursor)
        followers = await find_followers(session, fanout.change, firsts, among)
        candidates = merge(every, followers)
        cursor, is_last = among[-1] if among else "", len(among) < DESTINATIONS
        if not is_wide:
            candidates, cursor, is_last = cut_page(candidates, DESTINATIONS)
        if firsts:
            candidates = await pass_over_told(session, fanout.change.id, candidates)
        told = await self._find_told(session, fanout.change, candidates, said)
        matched, looked_at = match_all(facts, candidates, told, followers.reasons)
        concerns = await find_concerns(session, [pair for _, pairs in matched for pair in pairs])
        page = write_page(fanout, matched, concerns, looked_at)
        return replace(page, cursor=cursor or fanout.cursor, is_last=is_last)

    async def _doubt(self, session: AsyncSession, first: Page, said: Told) -> str:
        """Why a person must look at it first; "" for no reason.

        Counts as many pages as it takes to know that there are too many, and no more.
        """
        change, most = first.fanout.change, self._gate.audience
        place = await find_place(session, change.event, self._gate.new_events + 1)
        doubt = self._gate.doubt(change, place)
        page, audience = first, len(first.alerts)
        while doubt and audience <= most and not page.is_last:
            page = await self._look(session, replace(first.fanout, cursor=page.cursor), said)
            audience += len(page.alerts)
        return f"more than {most} destinations, and {doubt}" if doubt and audience > most else ""

    async def _find_told(
        self, session: AsyncSession, change: Change, candidates: Iterable[Candidate], said: Told
    ) -> Mapping[str, Decimal]:
        """Only a minimum delta asks what a destination was last told, be it on an earlier page."""
        asking = {one.destination_id for one in candidates if _MIN_DELTA in one.rule}
        told = dict(await find_told(session, change.subject, sorted(asking)))
        newer = {one: said[change.subject, one] for one in asking if (change.subject, one) in said}
        return told | newer

    def _count(self, pages: Sequence[Page]) -> None:
        planned = sum(len(page.alerts) for page in pages)
        self._metrics.matches.labels("match").inc(planned)
        self._metrics.matches.labels("miss").inc(sum(page.looked_at for page in pages) - planned)
        if planned:
            self._ring()
        for page in pages:
            if page.doubt:
                change = str(page.fanout.change.id)
                log.warning("waits for approval", change=change, reason=page.doubt)
                self._metrics.doubted.inc()


_MIN_DELTA = '"min_delta_pp"'
"""What is at its default is not in the text of a rule."""


def _read_told(page: Page) -> Told:
    return {
        (row["subject"], row["destination_id"]): Decimal(row["told_pp"])
        for row in page.alerts
        if row["told_pp"] is not None
    }
