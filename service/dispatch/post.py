"""The mail of an alert: its letter, and the headers by which mail programs thread and unsubscribe.

The subject line says what changed, old → new, for it is what people read; so it differs from mail
to mail, and carries no "Re:", for nobody replied. Programs that thread by `References` show one
thread a subject (Thunderbird, Apple Mail, mutt), Outlook does by `Thread-Index`; Gmail also asks
for equal subjects, and shows each mail by itself.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from uuid import NAMESPACE_URL, UUID, uuid5

from service.core.change import Change
from service.core.language import ENGLISH, Tongue
from service.core.message import Addressed
from service.core.message.digest import Bundle, digest_letter
from service.core.message.letter import LONGEST_LINE, Doors, Letter, compose, letter
from service.core.message.recall import Recall, recall_letter
from service.core.proof.link import Links, Purpose

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_INDEX = 0x01


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every message of this installation carries. Without `links` mails have none."""

    source: str
    dataschema: str
    href_base: str
    mail_from: str
    links: Links | None = None

    @property
    def domain(self) -> str:
        """Of the ids of messages."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A destination, its address, and how it reads.

    `thread` is what it was sent on the subject, oldest first.
    """

    destination: str
    address: str
    thread: tuple[UUID, ...] = ()
    tongue: Tongue = ENGLISH


def write_mail(  # noqa: PLR0913, PLR0917 - a message has that many parts
    change: Change,
    addressed: Addressed,
    head: Letterhead,
    to: Recipient,
    now: datetime,
    recall: Recall | None = None,
) -> bytes:
    """A whole message; the same arguments give the same bytes. A recall takes the alert back."""
    doors = open_doors(head.links, change, to, now) if head.links else None
    written = (
        recall_letter(change, addressed, recall, to.tongue)
        if recall
        else letter(change, addressed, doors, to.tongue)
    )
    headers = _own_headers(doors) | thread_headers(change.subject, head, to, now)
    return _post(written, addressed, head, to, now, headers)


def write_digest(
    bundle: Bundle, addressed: Addressed, head: Letterhead, to: Recipient, now: datetime
) -> bytes:
    """Of several changes: it belongs to no thread."""
    changes = [one.change for one in bundle.members]
    doors = open_doors(head.links, changes[0], to, now) if head.links else None
    pages = {one.id: _page_of(one.id, head) for one in changes}
    written = digest_letter(bundle, addressed, pages, doors)
    return _post(written, addressed, head, to, now, _own_headers(doors))


def _page_of(change: UUID, head: Letterhead) -> str:
    if head.links:
        return head.links.forward(change)
    return f"{head.href_base.rstrip('/')}/v1/changes/{change}"


def _own_headers(doors: Doors | None) -> dict[str, str]:
    headers = {"Auto-Submitted": "auto-generated"}
    return headers | unsubscribe_headers(doors.unsubscribe) if doors else headers


def _post(  # noqa: PLR0913, PLR0917 - as above
    written: Letter,
    addressed: Addressed,
    head: Letterhead,
    to: Recipient,
    now: datetime,
    headers: Mapping[str, str],
) -> bytes:
    return compose(
        written,
        head.mail_from,
        to.address,
        message_id=f"{addressed.delivery_id}@{head.domain}",
        date=now,
        headers=headers,
    )


def open_doors(links: Links, change: Change, to: Recipient, now: datetime) -> Doors:
    """The pages that a mail leads to."""
    return Doors(
        links.forward(change.id),
        links.make(Purpose.PREFERENCES, to.destination, to.address, now),
        links.make(Purpose.UNSUBSCRIBE, to.destination, to.address, now),
    )


def unsubscribe_headers(url: str) -> dict[str, str]:
    """RFC 8058: one click is promised for https alone (§3.1)."""
    headers = {"List-Unsubscribe": f"<{url}>"}
    if url.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def thread_headers(subject: str, head: Letterhead, to: Recipient, now: datetime) -> dict[str, str]:
    """RFC 5322 §3.6.4, and Outlook's own: 22 bytes that begin with a time and end with a name."""
    ticks = int((now - _EPOCH).total_seconds()) * 10_000_000
    name = uuid5(NAMESPACE_URL, f"{head.source}/{to.destination}/{subject}")
    index = bytes([_INDEX]) + ticks.to_bytes(8, "big")[1:6] + name.bytes
    headers = {"Thread-Index": b64encode(index).decode()}
    if to.thread:
        ids = [f"<{one}@{head.domain}>" for one in to.thread]
        headers |= {"In-Reply-To": ids[-1], "References": _join(ids)}
    return headers


def _join(ids: Sequence[str]) -> str:
    """As many as a header has room for: the first, which holds the thread together, and the last.

    RFC 5322 would have them all; the names of a long domain would be no header.
    """
    latest, room = list[str](), LONGEST_LINE - len(ids[0])
    for one in reversed(ids[1:]):
        room -= len(one) + 1
        if room < 0:
            break
        latest.append(one)
    return " ".join([ids[0], *reversed(latest)])
