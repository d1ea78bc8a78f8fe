"""The mailbox to which bounces come, over IMAP; read on threads, for the library waits."""

import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from service.core.destination.address import is_loopback

PORTS = {"imaps": 993, "imap": 143}
SECONDS = 30.0
MOST = 100
"""Messages a visit; the rest are there at the next one."""
LONGEST = 262_144
"""Bytes that are read of a message: reports stand at its beginning."""


class BadMailbox(ValueError):
    """TARIFFWIRE_BOUNCE_IMAP must be imaps://user:password@host/INBOX."""


class MailboxUnavailable(Exception):
    """The mailbox of bounces cannot be read now."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where it is. `tls` is trusted instead of the system's own authorities."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    is_encrypted: bool = True
    tls: ssl.SSLContext | None = None

    @contextmanager
    def visit(self) -> "Iterator[Visit]":
        """Log in and out again; whatever goes wrong between is `MailboxUnavailable`."""
        client: imaplib.IMAP4 | None = None
        try:
            client = self._dial()
            client.login(self.user, self.password)
            _demand(client.select(_quote(self.folder)))
            yield Visit(client)
        except (imaplib.IMAP4.error, OSError) as error:
            said = f"{MailboxUnavailable.__doc__} {self.host}:{self.port}: {error}"
            raise MailboxUnavailable(said) from error
        finally:
            if client:
                with suppress(imaplib.IMAP4.error, OSError):
                    client.logout()

    def _dial(self) -> imaplib.IMAP4:
        if not self.is_encrypted:
            return imaplib.IMAP4(self.host, self.port, timeout=SECONDS)
        context = self.tls or ssl.create_default_context()
        return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=SECONDS)


@dataclass(frozen=True, slots=True)
class Visit:
    """A mailbox that is open."""

    client: imaplib.IMAP4

    def read_new(self) -> list[tuple[str, bytes]]:
        """Ids and bytes of the oldest messages that were not seen yet; reading leaves them so."""
        (found,) = _demand(self.client.uid("SEARCH", "UNSEEN"))
        ids = found.decode().split() if isinstance(found, bytes) else []
        return [(one, self._read(one)) for one in ids[:MOST]]

    def mark_seen(self, ids: Sequence[str]) -> None:
        """They are not read again."""
        if ids:
            _demand(self.client.uid("STORE", ",".join(ids), "+FLAGS.SILENT", "(\\Seen)"))

    def _read(self, one: str) -> bytes:
        parts = _demand(self.client.uid("FETCH", one, f"(BODY.PEEK[]<0.{LONGEST}>)"))
        return next((part[1] for part in parts if isinstance(part, tuple)), b"")


def read_mailbox(url: str) -> Mailbox:
    """From the setting; raises `BadMailbox`, which does not repeat the password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        raise BadMailbox(BadMailbox.__doc__) from None
    if not (host and port and parts.username and parts.password) or parts.scheme not in PORTS:
        raise BadMailbox(BadMailbox.__doc__)
    if parts.scheme == "imap" and not is_loopback(host):
        raise BadMailbox(f"{BadMailbox.__doc__} A password crosses no network unencrypted.")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    return Mailbox(
        host,
        port,
        unquote(parts.username),
        unquote(parts.password),
        folder,
        is_encrypted=parts.scheme == "imaps",
    )


def _demand(answer: tuple[str, list[Any]]) -> list[Any]:
    word, found = answer
    if word != "OK":
        raise imaplib.IMAP4.error(f"the server answered {word}")
    return found


def _quote(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
