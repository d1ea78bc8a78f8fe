"""Asking readers to confirm: a few mails at a time, beside the alerts, under the same rules."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.destination.optin import UNCONFIRMED
from service.core.destination.preferences import read_preferences
from service.core.message.invitation import invitation
from service.core.message.letter import compose
from service.core.proof.link import Purpose
from service.core.sending.delivery import Parcel, Reply, TryLater, judge
from service.dispatch import Sender
from service.dispatch.mode import LIVE, Mode
from service.dispatch.post import Letterhead
from service.store.database import Database
from service.store.delivery.sending import find_hold
from service.store.mail.invitations import (
    Answered,
    Asked,
    claim_invitations,
    settle_invitations,
)
from service.store.mail.readers import explain, list_followed
from service.store.mail.suppressed import suppress

MOST = 20
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
_ENOUGH = 10
"""Doublings, after which the longest rest is reached and nothing is counted on."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """An invitation in hand, with the names of what its reader would follow."""

    asked: Asked
    followed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of asking; `again` is when to try once more, None for never."""

    asked: Asked
    reply: Reply
    again: datetime | None


class Inviter:
    """Sends what is due. `spread` gives 0..1; what `mode` does not allow waits, as alerts do."""

    def __init__(  # noqa: PLR0913 - what a sender works with
        self,
        db: Database,
        sender: Sender,
        head: Letterhead,
        clock: Callable[[], datetime],
        spread: Callable[[], float],
        *,
        mode: Mode = LIVE,
    ) -> None:
        self._db = db
        self._sender = sender
        self._head = head
        self._clock = clock
        self._spread = spread
        self._mode = mode
        self._in_vain = 0
        self._rests_until: datetime | None = None

    async def step(self) -> bool:
        """Ask those who are due. False: nobody is, or the relay takes nothing for now."""
        rests = self._rests_until is not None and self._clock() < self._rests_until
        if self._mode.is_held or rests:
            return False
        questions = await self._db.run_write(self._take, name="invite")
        if questions:
            results = self._rest_if_in_vain(await asyncio.gather(*map(self._ask, questions)))
            await self._db.run_write(partial(self._settle, results), name="invite")
        return bool(questions)

    def _rest_if_in_vain(self, results: Sequence[Result]) -> Sequence[Result]:
        """Where nothing can be handed over, wait twice as long each time, for all of them."""
        failed = [one for one in results if one.reply.ours and one.reply is not _NOT_ALLOWED]
        if len(failed) < len(results):
            self._in_vain, self._rests_until = 0, None
            return results
        pause = min(FIRST_REST * 2**self._in_vain, LONGEST_REST)
        self._in_vain = min(self._in_vain + 1, _ENOUGH)
        self._rests_until = self._clock() + pause
        log.warning(
            "invitations were not sent",
            count=len(failed),
            why=failed[0].reply.reason,
            again_in_seconds=pause.total_seconds(),
        )
        return [replace(one, again=self._rests_until) for one in results]

    async def _take(self, session: AsyncSession) -> list[Question]:
        if await find_hold(session):
            return []
        due = await claim_invitations(session, self._clock(), MOST)
        return [Question(one, await list_followed(session, one.destination_id)) for one in due]

    async def _ask(self, question: Question) -> Result:
        one, now = question.asked, self._clock()
        if not self._mode.lets(one.address):
            return Result(one, _NOT_ALLOWED, now + LATER)
        try:
            reply = await self._sender.send(self._write(question, now))
        except Exception as error:  # our own bug: the other readers are asked all the same
            log.exception("an invitation failed by our own fault", to=one.destination_id)
            reply = Reply(accepted=False, status=None, reason=f"our fault: {error!r}", ours=True)
        outcome = judge(reply, one.attempt, self._spread())
        again = now + timedelta(seconds=outcome.after) if isinstance(outcome, TryLater) else None
        return Result(one, reply, again)

    def _write(self, question: Question, now: datetime) -> Parcel:
        one, head = question.asked, self._head
        if head.links is None:
            message = "a confirmation needs a link, and this letterhead has none"
            raise ValueError(message)
        url = head.links.make(Purpose.CONFIRM, one.destination_id, one.address, now)
        name, bare = parseaddr(head.mail_from)
        tongue = read_preferences(one.preferences).tongue
        body = compose(
            invitation(one.address, name or bare, question.followed, url, tongue),
            head.mail_from,
            one.address,
            message_id=f"{one.id}@{head.domain}",
            date=now,
            headers={"Auto-Submitted": "auto-generated"},
        )
        return Parcel(
            delivery_id=one.id,
            kind="email",
            address=one.address,
            secrets=(),
            body=body,
            attempt=one.attempt,
            signed_at=now,
        )

    async def _settle(self, results: Sequence[Result], session: AsyncSession) -> None:
        done = [Answered(one.asked, one.reply.reason, one.again, one.reply.ours) for one in results]
        await settle_invitations(session, done)
        for one in results:
            if not one.reply.accepted:
                await self._explain(session, one)

    async def _explain(self, session: AsyncSession, one: Result) -> None:
        """The owner reads at the destination why nobody confirms."""
        if not self._in_vain:
            to, why = one.asked.destination_id, one.reply.reason
            log.warning("an invitation was not sent", to=to, why=why)
        now = self._clock()
        said = f"{NOT_ASKED}{one.reply.reason}"
        await explain(session, one.asked.destination_id, UNCONFIRMED, said, now)
        if one.reply.gone:
            await suppress(session, one.asked.address, one.reply.reason, now)


NOT_ASKED = "its reader could not be asked to confirm: "
LATER = timedelta(hours=1)
_NOT_ALLOWED = Reply(
    accepted=False, status=None, reason="TARIFFWIRE_SEND does not allow this address", ours=True
)
