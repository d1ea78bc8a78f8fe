"""Claim, transmit, settle, with every slot full: a slow receiver holds its slot and no other.

Results are settled and new work is claimed in one transaction, so that a busy sender commits once
a turn, however many deliveries that is. No session is open while a stranger's server is waited on.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.delivery import Parcel, Reply, TryLater, judge
from service.dispatch import Sender
from service.dispatch.render import Draft, Renderer
from service.roles import Bell, pace
from service.store.database import Database
from service.store.deliveries import Claimed, Transmitted, claim, renew, settle
from service.telemetry import Metrics

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Office:
    """What a dispatcher works with: `senders` by kind of destination; `spread` gives 0..1."""

    senders: Mapping[str, Sender]
    renderer: Renderer
    clock: Callable[[], datetime]
    spread: Callable[[], float]
    metrics: Metrics
    bell: Bell


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


class Dispatcher:
    """Keeps `slots` deliveries in the air, as long as that many are due."""

    def __init__(self, db: Database, office: Office, lease: Lease, slots: int) -> None:
        self._db = db
        self._office = office
        self._lease = lease
        self._slots = slots
        self._flying: set[asyncio.Task[None]] = set()
        self._aloft: set[UUID] = set()  # claimed by us and not settled yet
        self._done: list[Transmitted] = []
        self._renewed_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until asked to stop; then finish what is in the air and settle it."""
        try:
            await pace(stop, self.turn, self._office.bell)
            await self.drain()
        finally:
            for task in self._flying:
                task.cancel()

    async def turn(self) -> bool:
        """Settle what has come back, claim for the slots that are free. False: neither."""
        done, self._done = self._done, []
        free = self._slots - len(self._flying)
        if not done and free <= 0 and not self._must_renew():
            return False
        drafts = await self._settle_and_claim(done, free)
        # Claiming what is still under way only renews its lease: it is never sent beside itself.
        for draft in [one for one in drafts if one.claimed.id not in self._aloft]:
            self._aloft.add(draft.claimed.id)
            task = asyncio.create_task(self._transmit(draft))
            self._flying.add(task)
            task.add_done_callback(self._land)
        return bool(done or drafts)

    async def drain(self) -> None:
        """Wait for everything in the air, and settle it."""
        while self._flying or self._done:
            if self._flying:
                await asyncio.wait(self._flying, timeout=self._lease.renewal)
            done, self._done = self._done, []
            await self._settle_and_claim(done, 0)

    async def _settle_and_claim(self, done: Sequence[Transmitted], free: int) -> list[Draft]:
        self._aloft.difference_update(one.claimed.id for one in done)
        settled, drafts = await self._db.run_write(partial(self._turn_books, done, free))
        self._count(settled)
        return drafts

    async def _turn_books(
        self, done: Sequence[Transmitted], free: int, session: AsyncSession
    ) -> tuple[list[Transmitted], list[Draft]]:
        now, holder = self._office.clock(), self._lease.holder
        settled = await settle(session, holder, done) if done else []
        if self._must_renew():
            self._renewed_at = now
            until = now + timedelta(seconds=self._lease.seconds)
            await renew(session, until, holder, list(self._aloft))
        if free <= 0:
            return settled, []
        claimed = await claim(session, now, holder, free, self._lease.seconds)
        return settled, await self._office.renderer.draft(session, claimed)

    def _must_renew(self) -> bool:
        since = self._office.clock() - self._renewed_at if self._renewed_at else None
        return bool(self._aloft) and (since is None or since.total_seconds() >= self._lease.renewal)

    async def _transmit(self, draft: Draft) -> None:
        one, now = draft.claimed, self._office.clock()
        body = b""
        try:
            body = self._office.renderer.write(draft)
            reply = await self._office.senders[one.kind].send(_parcel(one, body, now))
        except Exception as error:  # our own bug: it costs the receiver nothing, and nobody else
            log.exception("delivery failed by our own fault", delivery=str(one.id))
            reply = Reply(accepted=False, status=None, reason=f"our fault: {error!r}", ours=True)
        outcome = judge(reply, one.attempt, self._office.spread())
        digest = hashlib.sha256(body).hexdigest()
        self._done.append(Transmitted(one, body, digest, reply, outcome, self._office.clock()))

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._office.bell.ring()

    def _count(self, settled: Sequence[Transmitted]) -> None:
        metrics = self._office.metrics
        for one in settled:
            word = "try_later" if isinstance(one.outcome, TryLater) else type(one.outcome).__name__
            metrics.deliveries.labels(one.claimed.kind, word.lower()).inc()
            metrics.sending.labels(one.claimed.kind).observe(one.reply.timings.get("total", 0))


def _parcel(one: Claimed, body: bytes, now: datetime) -> Parcel:
    return Parcel(
        delivery_id=one.id,
        kind="email" if one.kind == "email" else "webhook",
        address=one.address,
        secrets=one.secrets,
        body=body,
        attempt=one.attempt,
        signed_at=now,
    )
