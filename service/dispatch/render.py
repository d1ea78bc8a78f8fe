"""From a claimed delivery to the bytes it sends: pure, but for the changes it must look up."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.change import Change, read_change
from service.core.language import Language, tongue_for
from service.core.message import Addressed, Prepared, prepare, to_bytes, write_body
from service.core.message.digest import Bundle, digest_body
from service.core.message.recall import Recall, recall_body
from service.core.message.spared import Known, Spared
from service.core.sending.gathering import is_bundle
from service.core.sending.notice import Notice, is_notice
from service.core.sending.steering import takes_back
from service.dispatch.digest import Wanted, alerts_before, ended_by, find_bundles, told_of
from service.dispatch.notify import write_notice
from service.dispatch.post import Letterhead, Recipient, write_digest, write_mail
from service.store.delivery.claiming import (
    Claimed,
    find_alerts,
    find_unheard,
    read_changes,
    read_claimed,
)
from service.store.delivery.superseding import Before, find_before
from service.store.mail.threads import find_threads
from service.store.notices.telling import read_notices
from service.store.steering.recalling import find_reasons

CACHED = 512

log = structlog.get_logger()


class Unwritable(Exception):
    """The change behind this delivery cannot be written."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A claimed delivery with what its bytes are written from; nothing for a retry."""

    claimed: Claimed
    prepared: Prepared | None
    previous: UUID | None
    thread: tuple[UUID, ...] = ()
    recall: Recall | None = None
    bundle: Bundle | None = None
    spared: Spared | None = None
    notice: Notice | None = None


class Renderer:
    """Keeps the prepared form of recent changes: all receivers who read one language share it."""

    def __init__(self, letterhead: Letterhead) -> None:
        self._head = letterhead
        self._prepared: OrderedDict[Wanted, Prepared] = OrderedDict()

    async def draft(self, session: AsyncSession, claimed: Sequence[Claimed]) -> list[Draft]:
        """Look up what writing them needs; a retry has the bytes of its first attempt."""
        fresh = [one for one in claimed if one.rendered is None]
        await self._load(session, {_wanted(one) for one in fresh if not is_notice(one.cause)})
        bundles = await find_bundles(session, fresh, self._load)
        previous = await self._find_previous(session, fresh)
        mails = [one.id for one in fresh if one.kind == "email"]
        threads = await find_threads(session, mails, previous) if mails else {}
        reasons = await _find_reasons(session, fresh)
        spared = await _find_spared(session, fresh)
        notices = await _find_notices(session, fresh)
        drafts = [
            Draft(
                one,
                self._prepared.get(_wanted(one)),
                previous.get(one.id),
                threads.get(one.id, ()),
                Recall(reasons.get(one.change_id, ""), one.made_at)
                if takes_back(one.cause)
                else None,
                bundles.get(one.id),
                spared.get(one.id),
                notices.get(one.change_id),
            )
            for one in fresh
        ]
        while len(self._prepared) > CACHED:
            self._prepared.popitem(last=False)
        return drafts + [Draft(one, None, None) for one in claimed if one.rendered is not None]

    def write(self, draft: Draft) -> bytes:
        """The bytes; the same draft gives the same, in whatever attempt."""
        one, prepared = draft.claimed, draft.prepared
        if one.rendered is not None:
            return one.rendered
        if draft.notice is not None:
            return write_notice(draft.notice, one, self._head, draft.thread)
        if prepared is None:
            raise Unwritable(Unwritable.__doc__)
        addressed = self._address(draft, prepared.change)
        change, recall = prepared.change, draft.recall
        to = Recipient(one.destination_id, one.address, draft.thread, one.tongue)
        if is_bundle(one.cause):
            return self._write_bundle(draft.bundle, addressed, to, one)
        if one.kind == "email":
            return write_mail(change, addressed, self._head, to, one.made_at, recall)
        if recall:
            return to_bytes(recall_body(prepared, addressed, recall))
        return write_body(prepared, addressed)

    def _write_bundle(
        self, bundle: Bundle | None, addressed: Addressed, to: Recipient, one: Claimed
    ) -> bytes:
        if bundle is None:
            raise Unwritable(Unwritable.__doc__)
        if one.kind == "email":
            return write_digest(bundle, addressed, self._head, to, one.made_at)
        return to_bytes(digest_body(bundle, addressed))

    async def bodies(self, session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
        """Of any deliveries, as they were or will be sent; what cannot be written is left out."""
        drafts = await self.draft(session, await read_claimed(session, ids))
        written = {}
        for draft in drafts:
            with suppress(Unwritable):
                written[draft.claimed.id] = self.write(draft)
        return written

    async def _load(
        self, session: AsyncSession, wanted: Collection[Wanted]
    ) -> Mapping[Wanted, Prepared]:
        """All that are prepared by now."""
        missing = set(wanted) - self._prepared.keys()
        unread = {identity for identity, _ in missing}
        found = await read_changes(session, unread) if unread else {}
        for identity, language in missing:
            if identity in found:
                self._prepare(identity, language, found[identity])
        return self._prepared

    def _prepare(self, identity: UUID, language: Language, raw: bytes) -> None:
        try:
            self._prepared[identity, language] = prepare(read_change(raw), tongue_for(language))
        except Exception:  # our own bug: its deliveries fail alone, and the rest go out
            log.exception("a change cannot be written", change=str(identity), lang=language)

    async def _find_previous(
        self, session: AsyncSession, claimed: Sequence[Claimed]
    ) -> Mapping[UUID, UUID]:
        """By delivery: the alert by which the same destination was told of what it follows on.

        Of a recall: the alert that is taken back. One that had told nobody by then is none.
        """
        wanted = {one.id: alerts_before(one, self._followed(one)) for one in claimed}
        every = {former for formers in wanted.values() for former in formers}
        known = await find_alerts(session, every) if every else set()
        unheard = await find_unheard(session, known) if known else {}
        heard = {one.id: known - ended_by(unheard, one.made_at) for one in claimed}
        told = {
            identity: next((former for former in formers if former in heard[identity]), None)
            for identity, formers in wanted.items()
        }
        return {identity: former for identity, former in told.items() if former}

    def _followed(self, one: Claimed) -> tuple[UUID, ...]:
        """The changes that it follows on, or takes back."""
        if takes_back(one.cause):
            return (one.change_id,)
        prepared = self._prepared.get(_wanted(one))
        return prepared.change.continues if prepared else ()

    def _address(self, draft: Draft, change: Change) -> Addressed:
        one, previous, spared = draft.claimed, draft.previous, draft.spared
        known = spared.known if spared else None
        return Addressed(
            delivery_id=one.id,
            source=self._head.source,
            dataschema=self._head.dataschema,
            href_base=self._head.href_base,
            matched=told_of(one.matched),
            previous_alert=known.alert if known else previous,
            told_before=change.previous is None or previous is not None,
            spared=spared,
        )


def _wanted(one: Claimed) -> Wanted:
    return one.change_id, one.tongue.language


async def _find_spared(session: AsyncSession, claimed: Sequence[Claimed]) -> Mapping[UUID, Spared]:
    """By delivery, what gave way to it; only where something did is anything asked."""
    heirs = [one.id for one in claimed if one.has_spared]
    if not heirs:
        return {}
    before = await find_before(session, heirs)
    changes = await read_changes(
        session, {one.change_id for one in before.values() if one.change_id}
    )
    return {identity: Spared(one.alerts, _known(one, changes)) for identity, one in before.items()}


def _known(one: Before, changes: Mapping[UUID, bytes]) -> Known | None:
    if one.told is None or one.change_id is None or one.change_id not in changes:
        return None
    return Known(one.told, read_change(changes[one.change_id]), takes_back(one.cause))


async def _find_reasons(session: AsyncSession, claimed: Sequence[Claimed]) -> Mapping[UUID, str]:
    """By change, why it was recalled; only corrections ask."""
    recalled = {one.change_id for one in claimed if takes_back(one.cause)}
    return await find_reasons(session, recalled) if recalled else {}


async def _find_notices(session: AsyncSession, claimed: Sequence[Claimed]) -> Mapping[UUID, Notice]:
    """By the id that stands where a change's would; only notices ask."""
    wanted = {one.change_id for one in claimed if is_notice(one.cause)}
    return await read_notices(session, wanted) if wanted else {}
