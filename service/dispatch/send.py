"""Claim, transmit, settle, with every slot full: a slow receiver holds its slot and no other.

Results are settled and new work is claimed in one transaction, so that a busy sender commits once
a turn, however many deliveries that is. No session is open while a stranger's server is waited on.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import inf
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.destination.credentials import Credentials
from service.core.sending.delivery import Outcome, Parcel, Reply, TryLater, judge
from service.crash import passing
from service.dispatch import Sender
from service.dispatch.mode import LIVE, Mode
from service.dispatch.render import Draft, Renderer
from service.dispatch.slots import Flight, Room, Slots
from service.roles import Bell, Pulse, pace
from service.store.database import Database, DatabaseUnavailable
from service.store.delivery.claiming import Asked, Claimed, claim, free_misdated, renew
from service.store.delivery.sending import find_hold, hand_back, set_aside
from service.store.delivery.settling import Transmitted, settle
from service.store.following.vault import OPEN_VAULT, Vault
from service.store.gathering.leaving import note_leaving
from service.store.pacing.lanes import reopen
from service.telemetry import Metrics

MAILS = 8
"""Mails in the air at once: twice the connections to the relay."""
RETRY_SECONDS = 0.2
ABANDON_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Office:
    """What a dispatcher works with: `senders` by kind of destination; `spread` gives 0..1.

    `mode` says to whom one may write; `vault` opens what is secret of a destination.
    """

    senders: Mapping[str, Sender]
    renderer: Renderer
    clock: Callable[[], datetime]
    spread: Callable[[], float]
    metrics: Metrics
    bell: Bell
    mode: Mode = LIVE
    vault: Vault = OPEN_VAULT


@dataclass(frozen=True, slots=True)
class Lease:
    """`holder` names one dispatcher; after `seconds` without renewal others take over.

    Short, because what was in the air when a process died waits for it to run out.
    """

    holder: str
    seconds: float = 10.0

    @property
    def renewal(self) -> float:
        """Seconds after which it is renewed: well before it runs out."""
        return self.seconds / 3


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction did; nothing in memory changes before it is committed."""

    now: datetime
    settled: Sequence[Transmitted] = ()
    drafts: Sequence[Draft] = ()
    set_aside: int = 0
    hold: str | None = None
    has_more: bool = False


class Dispatcher:
    """Keeps `slots` deliveries in the air, as long as that many are due."""

    def __init__(self, db: Database, office: Office, lease: Lease, slots: int) -> None:
        self._db = db
        self._office = office
        self._lease = lease
        self._slots = Slots({"webhook": slots, "email": min(slots, MAILS)})
        self._flying: set[asyncio.Task[None]] = set()
        self._aloft: set[UUID] = set()  # claimed by us and not settled yet
        self._done: list[Transmitted] = []  # back, and not settled yet
        self._renewed_at: datetime | None = None
        self._looked_at = -inf  # for leases of a clock that was set back
        self._hold: str | None = None
        self._has_more = False

    async def run(
        self, stop: asyncio.Event, drain_seconds: float = inf, pulse: Pulse | None = None
    ) -> None:
        """Until asked to stop; then finish what is in the air and settle it.

        What takes longer than `drain_seconds`, or than the caller's patience, is left to others.
        """
        try:
            await pace(stop, self._step, self._office.bell, pulse=pulse)
            await self.drain(drain_seconds)
        finally:
            await self._abandon()

    async def _step(self) -> bool:
        """A turn. False: all that is due is in the air; what comes back, or is made, rings."""
        return await self.turn() and (self._has_more or bool(self._done))

    async def turn(self) -> bool:
        """Settle what has come back, claim for the slots that are free. False: neither."""
        loop = asyncio.get_running_loop()
        room = None if self._office.mode.is_held else self._slots.room(loop.time())
        is_full = room is None or room.is_full
        if not self._done and is_full and not self._must_renew():
            return False
        settled = bool(self._done)
        turned = await self._settle_and_claim(None if is_full else room)
        self._has_more = turned.has_more
        # Claiming what is still under way only renews its lease: it is never sent beside itself.
        for draft in [one for one in turned.drafts if one.claimed.id not in self._aloft]:
            self._aloft.add(draft.claimed.id)
            one = draft.claimed
            flight = Flight(one.kind, one.destination_id, one.urgency, loop.time())
            self._slots.board(one.id, flight)
            task = asyncio.create_task(self._transmit(draft))
            self._flying.add(task)
            task.add_done_callback(self._land)
        is_moved = turned.drafts or turned.set_aside or turned.has_more
        return bool(settled or is_moved or self._done)

    async def drain(self, seconds: float = inf) -> None:
        """Wait so long for what is in the air, and settle it; also through a database's absence."""
        loop = asyncio.get_running_loop()
        last = loop.time() + seconds
        while (self._flying or self._done) and (left := last - loop.time()) > 0:
            if self._flying:
                await asyncio.wait(self._flying, timeout=min(left, self._lease.renewal))
            try:
                await self._settle_and_claim(None)
            except DatabaseUnavailable as error:
                log.warning("cannot settle yet", reason=str(error))
                await asyncio.sleep(min(left, RETRY_SECONDS))

    async def _abandon(self) -> None:
        """What is still in the air is cancelled, and free for other senders at once.

        If the database does not answer, the leases run out by themselves.
        """
        for task in self._flying:
            task.cancel()
        if self._flying:
            await asyncio.wait(self._flying)
        if self._aloft:
            log.warning("left in the air", deliveries=len(self._aloft) - len(self._done))
            with suppress(DatabaseUnavailable, TimeoutError):
                async with asyncio.timeout(ABANDON_SECONDS):
                    await self._db.run_write(partial(self._let_go, self._done))
            self._aloft.clear()

    async def _let_go(self, done: Sequence[Transmitted], session: AsyncSession) -> None:
        now, holder = self._office.clock(), self._lease.holder
        if done:
            await settle(session, holder, done)
        await hand_back(session, self._aloft, holder, now)

    async def _settle_and_claim(self, room: Room | None) -> Turn:
        """One transaction; if it fails, what came back is settled by the next."""
        done, must_renew = tuple(self._done), self._must_renew()
        since = asyncio.get_running_loop().time()
        must_look = since - self._looked_at >= self._lease.seconds
        work = partial(self._turn_books, done, room, must_renew=must_renew, must_look=must_look)
        turned = await self._db.run_write(work, name="send")
        if must_look:
            self._looked_at = since
        del self._done[: len(done)]
        self._aloft.difference_update(one.claimed.id for one in done)
        if must_renew:
            self._renewed_at = turned.now
        self._note(turned)
        return turned

    async def _turn_books(
        self,
        done: Sequence[Transmitted],
        room: Room | None,
        session: AsyncSession,
        *,
        must_renew: bool,
        must_look: bool,
    ) -> Turn:
        """May be run again, so it changes nothing but the books."""
        now, holder = self._office.clock(), self._lease.holder
        settled = await settle(session, holder, done) if done else []
        if must_renew:
            until = now + timedelta(seconds=self._lease.seconds)
            await renew(session, until, holder, list(self._aloft))
        if must_look:
            await free_misdated(session, now, self._lease.seconds)
            await reopen(session, now)
        if room is None:
            return Turn(now, settled, hold=self._hold)
        room = room.as_it_was()
        until = now + timedelta(seconds=self._lease.seconds)
        claimed, parked = await claim(session, Asked(holder, now, until, room))
        if not claimed and not parked:
            return Turn(now, settled, hold=await find_hold(session))
        barred = {one.id for one in claimed if not self._office.mode.lets(one.address)}
        if barred:
            await set_aside(session, barred, now)
        ours = [one for one in claimed if one.id not in barred]
        await note_leaving(session, ours)
        drafts = await self._office.renderer.draft(session, ours)
        has_more = room.is_used_up or parked > 0
        return Turn(now, settled, drafts, len(barred), has_more=has_more)

    def _must_renew(self) -> bool:
        """Also when the clock was set back, or what is claimed would be hidden for so long."""
        since = self._office.clock() - self._renewed_at if self._renewed_at else None
        return bool(self._aloft) and (
            since is None or abs(since.total_seconds()) >= self._lease.renewal
        )

    async def _transmit(self, draft: Draft) -> None:
        one, now = draft.claimed, self._office.clock()
        body = b""
        try:
            body = self._office.renderer.write(draft)
            held = self._office.vault.open(one.destination_id, one.sealed, one.secrets)
            passing("send.transmit.before")
            reply = await self._office.senders[one.kind].send(_parcel(one, body, now, held))
            passing("send.transmit.after")
        except Exception as error:  # our own bug: it costs the receiver nothing, and nobody else
            log.exception("delivery failed by our own fault", delivery=str(one.id))
            reply = Reply(accepted=False, status=None, reason=f"our fault: {error!r}", ours=True)
        spread = self._office.spread()
        waited = (now - one.tried_at).total_seconds() if one.tried_at else 0.0
        outcome = judge(reply, one.attempt - one.spent, spread, waited)
        digest = hashlib.sha256(body).hexdigest()
        at = self._office.clock()
        self._slots.land(one.id, asyncio.get_running_loop().time())
        self._done.append(Transmitted(one, body, digest, reply, outcome, at, spread))

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._office.bell.ring()

    def _note(self, turned: Turn) -> None:
        metrics = self._office.metrics
        ends = Counter((one.claimed.kind, _word(one.outcome)) for one in turned.settled)
        for (kind, word), many in ends.items():
            metrics.deliveries.labels(kind, word).inc(many)
        clocks = {kind: metrics.sending.labels(kind) for kind, _ in ends}
        for one in turned.settled:
            clocks[one.claimed.kind].observe(one.reply.timings.get("total", 0))
        if turned.set_aside:
            log.info("held: TARIFFWIRE_SEND does not allow them", deliveries=turned.set_aside)
        if turned.hold != self._hold:
            self._hold = turned.hold
            log.warning("sending is held" if turned.hold else "sending goes on", why=turned.hold)


def _word(outcome: Outcome) -> str:
    return "try_later" if isinstance(outcome, TryLater) else type(outcome).__name__.lower()


def _parcel(one: Claimed, body: bytes, now: datetime, held: Credentials) -> Parcel:
    return Parcel(
        delivery_id=one.id,
        kind="email" if one.kind == "email" else "webhook",
        address=one.address,
        secrets=held.signing(now),
        body=body,
        attempt=one.attempt,
        signed_at=now,
        headers=held.headers,
        route=held.route,
        grant=held.grant,
        destination=one.destination_id,
    )
