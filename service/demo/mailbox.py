"""A real SMTP server in the process: it accepts every mail and hands it on."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Dialogue

LOOPBACK = "127.0.0.1"
_CHANGE = re.compile(r"/a/([0-9a-f-]{36})")
_BANNER = "***"


@dataclass(frozen=True, slots=True)
class Mail:
    """What the demo shows of one: its first sentence, and the change that its link leads to."""

    recipient: str
    id: str
    change: str
    summary: str


class _Handler:
    """Called by aiosmtpd, by these names."""

    def __init__(self, hear: Callable[[Mail], None]) -> None:
        self._hear = hear

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _dialogue: Dialogue, envelope: Envelope
    ) -> str:
        """Take it."""
        raw = envelope.content
        content = raw.encode() if isinstance(raw, str) else raw or b""
        for recipient in envelope.rcpt_tos:
            self._hear(read_mail(content, recipient))
        return "250 2.0.0 taken"


def read_mail(content: bytes, recipient: str) -> Mail:
    """From the bytes of a message."""
    message = message_from_bytes(content, policy=default)
    part = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    text = "\n".join(str(part.get_content()).splitlines()) if part else ""
    paragraphs = [one for one in text.split("\n\n") if not one.startswith(_BANNER)]
    found = _CHANGE.search(text)
    return Mail(
        recipient,
        str(message["Message-ID"]).strip("<>").partition("@")[0],
        found[1] if found else "",
        " ".join(paragraphs[0].split()) if paragraphs else "",
    )


@asynccontextmanager
async def open_mailbox(hear: Callable[[Mail], None]) -> AsyncIterator[int]:
    """Serve SMTP for as long as the block lasts; gives the port."""
    loop = asyncio.get_running_loop()
    handler = _Handler(hear)
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", loop=loop), LOOPBACK, 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
