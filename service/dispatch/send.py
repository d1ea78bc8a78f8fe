"""Claim, transmit, settle, with every slot full: a slow receiver holds its slot and no other.

Results are settled and new work is claimed in one transaction, so that a busy sender commits once
a turn, however many deliveries that is. No session is open while a stranger's server is waited on.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from service.core.delivery import Parcel, TryLater, judge
from service.dispatch import Sender
from service.dispatch.render import Renderer
from service.roles import Bell, pace
from service.store.database import Database
from service.store.deliveries import Claimed, Transmitted, claim, settle
from service.telemetry import Metrics


class Dispatcher:
    """`senders` by kind of destination; `spread` gives 0..1 for jitter; `lease` names this one."""

    def __init__(
        self,
        db: Database,
        senders: Mapping[str, Sender],
        renderer: Renderer,
        clock: Callable[[], datetime],
        spread: Callable[[], float],
        metrics: Metrics,
        bell: Bell,
        *,
        lease: str,
        slots: int,
        lease_seconds: float,
    ) -> None:
        self._db = db
        self._senders = senders
        self._renderer = renderer
        self._clock = clock
        self._spread = spread
        self._metrics = metrics
        self._lease = lease
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._flying: set[asyncio.Task[None]] = set()
        self._done: list[Transmitted] = []
        self._bell = bell
        self._broken: BaseException | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until asked to stop; then finish what is in the air and settle it."""
        try:
            await pace(stop, self.turn, self._bell)
            await self.drain()
        finally:
            for task in self._flying:
                task.cancel()

    async def turn(self) -> bool:
        """Settle what has come back, claim for the slots that are free. False: neither."""
        if self._broken:
            raise self._broken
        done, self._done = self._done, []
        free = self._slots - len(self._flying)
        if not done and free <= 0:
            return False
        claimed, bodies = await self._settle_and_claim(done, free)
        for one in claimed:
            task = asyncio.create_task(self._transmit(one, bodies[one.id]))
            self._flying.add(task)
            task.add_done_callback(self._land)
        return bool(done or claimed)

    async def drain(self) -> None:
        """Wait for everything in the air, and settle it."""
        while self._flying or self._done:
            if self._flying:
                await asyncio.wait(self._flying)
            done, self._done = self._done, []
            await self._settle_and_claim(done, 0)

    async def _settle_and_claim(
        self, done: Sequence[Transmitted], free: int
    ) -> tuple[list[Claimed], dict[UUID, bytes]]:
        now = self._clock()
        bodies: dict[UUID, bytes] = {}
        async with self._db.write() as session:
            settled = await settle(session, self._lease, done) if done else []
            claimed = (
                await claim(session, now, self._lease, free, self._lease_seconds)
                if free > 0
                else []
            )
            if claimed:
                bodies = await self._renderer.render(session, claimed, now)
        self._count(settled)
        return claimed, bodies

    async def _transmit(self, one: Claimed, body: bytes) -> None:
        now = self._clock()
        parcel = Parcel(
            delivery_id=one.id,
            kind="email" if one.kind == "email" else "webhook",
            address=one.address,
            secrets=one.secrets,
            body=body,
            attempt=one.attempt,
            signed_at=now,
        )
        reply = await self._senders[one.kind].send(parcel)
        outcome = judge(reply, one.attempt, self._spread())
        digest = hashlib.sha256(body).hexdigest()
        self._done.append(Transmitted(one, body, digest, reply, outcome, self._clock()))

    def _land(self, task: asyncio.Task[None]) -> None:
        """What a sender raises is our own bug: the lease runs out, and the process says so."""
        self._flying.discard(task)
        if not task.cancelled() and task.exception():
            self._broken = task.exception()
        self._bell.ring()

    def _count(self, settled: Sequence[Transmitted]) -> None:
        for one in settled:
            word = "try_later" if isinstance(one.outcome, TryLater) else type(one.outcome).__name__
            self._metrics.deliveries.labels(one.claimed.kind, word.lower()).inc()
            self._metrics.sending.labels(one.claimed.kind).observe(
                one.reply.timings.get("total", 0)
            )
