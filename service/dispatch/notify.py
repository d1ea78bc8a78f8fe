"""The bytes of a notice: a signed CloudEvent, or a mail with the doors that every mail has."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from service.core.message import to_bytes
from service.core.message.letter import compose
from service.core.message.notice import Copy, notice_body, notice_letter
from service.core.proof.link import Links, Purpose
from service.core.sending.notice import Notice, subject_of
from service.dispatch.post import Letterhead, Recipient, thread_headers, unsubscribe_headers
from service.store.delivery.claiming import Claimed


def write_notice(
    notice: Notice, one: Claimed, head: Letterhead, thread: tuple[UUID, ...] = ()
) -> bytes:
    """The same arguments give the same bytes; `thread` are earlier notices on the destination."""
    copy = Copy(one.id, head.source, head.href_base)
    if one.kind == "email":
        to = Recipient(one.destination_id, one.address, thread, one.tongue)
        return _write_mail(notice, copy, head, to, one.made_at)
    return to_bytes(notice_body(one.change_id, notice, copy, one.tongue))


def _write_mail(
    notice: Notice, copy: Copy, head: Letterhead, to: Recipient, now: datetime
) -> bytes:
    doors = list(_open_doors(head.links, to, now)) if head.links else []
    headers = {"Auto-Submitted": "auto-generated"}
    if doors:
        headers |= unsubscribe_headers(doors[-1][1])
    headers |= thread_headers(subject_of(notice), head, to, now)
    return compose(
        notice_letter(notice, copy, doors, to.tongue),
        head.mail_from,
        to.address,
        message_id=f"{copy.delivery_id}@{head.domain}",
        date=now,
        headers=headers,
    )


def _open_doors(links: Links, to: Recipient, now: datetime) -> Iterator[tuple[str, str]]:
    """Words, and the pages that they lead to."""
    known = (
        ("Pause, or see what you follow", Purpose.PREFERENCES),
        ("Unsubscribe", Purpose.UNSUBSCRIBE),
    )
    for what, purpose in known:
        yield to.tongue.say(what), links.make(purpose, to.destination, to.address, now)
