"""A delivery report, as mail servers send it back: which of our mails, and why (RFC 3464).

Anybody can write to the address of bounces. Headers are therefore read as they stand: the library
takes addresses and ids apart where its newer policy is asked, and raises for some that are broken.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from uuid import UUID

SAID = 500
_UUID = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_OURS = re.compile(rf"(?:^|[<\s+]){_UUID}@", re.IGNORECASE)
_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")


@dataclass(frozen=True, slots=True)
class Report:
    """A mail that a server has given up. `mail` is the id that we gave it.

    `status` is an enhanced code ("5.1.1"), `diagnostic` the words of the server that refused.
    """

    mail: UUID
    status: str
    diagnostic: str


def read_report(raw: bytes) -> Report | None:
    """None: it reports no failure of ours. A holiday notice is none, nor is news of a delay."""
    message = message_from_bytes(raw, policy=compat32)
    if message.get_content_type() != "multipart/report":
        return None
    failed = next(_find_failures(message), None)
    mail = _find_mail(message)
    if failed is None or mail is None:
        return None
    return Report(mail, _field(failed, "Status"), _field(failed, "Diagnostic-Code"))


def _find_failures(message: Message) -> Iterator[Message]:
    """The recipients that were given up; each of our mails has one only."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                if isinstance(block, Message) and _field(block, "Action").lower() == "failed":
                    yield block


def _field(block: Message, name: str) -> str:
    """On one line, and without what a database would refuse to keep."""
    words = " ".join(str(block.get(name, "")).split())
    return "".join(one for one in words if one.isprintable())[:SAID]


def _find_mail(message: Message) -> UUID | None:
    """By the id of what came back, else by the address that the report was sent to."""
    for text in _names(message):
        found = _OURS.search(text)
        if found:
            return UUID(found[1])
    return None


def _names(message: Message) -> Iterator[str]:
    returned = [part for part in message.walk() if part is not message]
    for part in returned:
        if part.get_content_type() == "text/rfc822-headers":
            yield str(message_from_bytes(_bytes_of(part), policy=compat32).get("Message-ID", ""))
        yield str(part.get("Message-ID", ""))
    for name in _TO:
        yield from (str(one) for one in message.get_all(name, []))
    for name in ("In-Reply-To", "References"):
        yield str(message.get(name, ""))


def _bytes_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
