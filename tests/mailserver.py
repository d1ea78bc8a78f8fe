"""A real mail server on loopback, in a process of its own: SMTP in, IMAP out (`mail-devel`)."""

import asyncio
import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import quote

from tests.engines.server import free_port

PATIENCE = 60


@dataclass(frozen=True)
class MailServer:
    """Whatever is sent to it, to whomever, lies in one mailbox."""

    port: int
    imap_port: int
    user: str = "desk@importer.example"
    password: str = "p@ss/word"

    @property
    def url(self) -> str:
        """As the setting for bounces names it."""
        user, password = quote(self.user, safe=""), quote(self.password, safe="")
        return f"imap://{user}:{password}@127.0.0.1:{self.imap_port}/INBOX"

    def read(self) -> list[EmailMessage]:
        """All that has come, as a mail program fetches it."""
        with self._open() as client:
            ids = _search(client, "ALL")
            raws = [_fetch(client, one) for one in ids]
        return [message_from_bytes(raw, policy=policy.default) for raw in raws]

    def count_unseen(self) -> int:
        """How many nobody has read."""
        with self._open() as client:
            return len(_search(client, "UNSEEN"))

    @contextmanager
    def _open(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=PATIENCE) as client:
            client.login(self.user, self.password)
            client.select("INBOX", readonly=True)
            yield client

    async def wait_for(self, count: int) -> list[EmailMessage]:
        """Once so many have come."""
        async with asyncio.timeout(PATIENCE):
            while len(found := await asyncio.to_thread(self.read)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return found


def _fetch(client: imaplib.IMAP4, one: str) -> bytes:
    """The message; what the server says beside it, as of another that has come, is no pair."""
    _, parts = client.fetch(one, "(BODY.PEEK[])")
    return next(part[1] for part in parts if isinstance(part, tuple))


def _search(client: imaplib.IMAP4, what: str) -> list[str]:
    _, (found,) = client.search(None, what)
    return found.decode().split()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve until the block ends."""
    server = MailServer(free_port(), free_port())
    command = [sys.executable, "-m", "mail_devel", "--host", "127.0.0.1", "--no-http"]
    command += ["--smtp-port", str(server.port), "--imap-port", str(server.imap_port)]
    command += ["--user", server.user, "--password", server.password]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for port in (server.port, server.imap_port):
            _wait_for(port, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"no mail server listens on port {port}")
