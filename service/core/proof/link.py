"""Signed links: what a mail carries so that its reader needs no login.

A token says what it is for, about what, and until when. Who has no key can neither make nor change
one, and one for one purpose opens nothing else.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

SIGNATURE_BYTES = 16
FINGERPRINT_LETTERS = 12


class BadLink(ValueError):
    """This link is not one of ours."""


class OldLink(BadLink):
    """This link has expired."""


class Purpose(StrEnum):
    """What a link lets its holder do; the value is the path of its page."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"


YEAR = timedelta(days=365)
LASTS = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.UNSUBSCRIBE: 3 * YEAR,  # mail is kept for long, and to stop it must stay easy
    Purpose.PREFERENCES: 3 * YEAR,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a link is about: a destination, as long as it still has this address."""

    destination: str
    fingerprint: str

    def is_at(self, address: str) -> bool:
        """Whether the destination still has the address that the link was made for."""
        return hmac.compare_digest(self.fingerprint, _fingerprint(address))


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads the links of one installation; `base` is where its pages are reached."""

    key: bytes = field(repr=False)
    base: str

    def make(self, purpose: Purpose, destination: str, address: str, now: datetime) -> str:
        """The URL of a page that acts for the reader at this address."""
        about = f"{destination}.{_fingerprint(address)}"
        return self._url(f"m/{purpose}/{seal(self.key, purpose, about, now)}")

    def read(self, purpose: Purpose, token: str, now: datetime) -> Reader:
        """Whom a token is about; raises `BadLink`, or `OldLink` for one that was good once."""
        destination, _, fingerprint = unseal(self.key, purpose, token, now).rpartition(".")
        return Reader(destination, fingerprint)

    def forward(self, change: UUID) -> str:
        """The URL of a page about a change, which names nobody: good to be passed on."""
        return self._url(f"a/{change}")

    def _url(self, path: str) -> str:
        return f"{self.base.rstrip('/')}/{path}"


def seal(key: bytes, purpose: Purpose, about: str, now: datetime) -> str:
    """A token of letters that a URL may hold as they are."""
    until = int((now + LASTS[purpose]).timestamp())
    said = f"{purpose}:{until}:{about}".encode()
    return urlsafe_b64encode(_sign(key, said) + said).decode().rstrip("=")


def unseal(key: bytes, purpose: Purpose, token: str, now: datetime) -> str:
    """What the token is about. The signature is judged first, in constant time."""
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise BadLink(BadLink.__doc__) from error
    signature, said = sealed[:SIGNATURE_BYTES], sealed[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(key, said)):
        raise BadLink(BadLink.__doc__)
    what, until, about = said.decode().split(":", 2)
    if what != purpose:
        raise BadLink(BadLink.__doc__)
    if now > datetime.fromtimestamp(int(until), UTC):
        raise OldLink(OldLink.__doc__)
    return about


def _sign(key: bytes, said: bytes) -> bytes:
    """For links alone, whatever else the key may be used for."""
    return hmac.digest(key, b"tariffwire link\0" + said, "sha256")[:SIGNATURE_BYTES]


def _fingerprint(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:FINGERPRINT_LETTERS]
