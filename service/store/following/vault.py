"""Credentials at rest: sealed with AES-256-GCM under the keys of TARIFFWIRE_SECRETS_KEY.

A sealed text begins with the id of its key, so that the books can be asked which keys they need.
Without a key the text is JSON that anybody who reads the database can read.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.core.destination.credentials import (
    NOTHING,
    Credentials,
    read_credentials,
    with_plain,
    write_credentials,
)

UNSEALED = "unsealed"
ID_LENGTH = len(UNSEALED)
NONCE_BYTES = 12  # drawn at random: sound for 2^32 texts under one key (NIST SP 800-38D §8.3)
REMEMBERED = 16_384
"""Opened texts that are kept in memory: a sender meets the same ones again and again."""


class WrongSecretsKey(Exception):
    """Secrets in the database cannot be opened with TARIFFWIRE_SECRETS_KEY."""


class Vault:
    """Opens what any of its keys sealed, and seals with the first. Without keys it only writes."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._ciphers = {name_key(key): AESGCM(key) for key in keys}
        self.newest = next(iter(self._ciphers), UNSEALED)
        self._open = lru_cache(REMEMBERED)(self._open_text)

    @property
    def seals(self) -> bool:
        """Whether it has a key."""
        return bool(self._ciphers)

    def knows(self, name: str) -> bool:
        """Whether it can open what was sealed under this id."""
        return name == UNSEALED or name in self._ciphers

    def seal(self, owner: str, credentials: Credentials) -> str:
        """For the books; bound to its owner, so that no text opens in another's row."""
        if credentials == NOTHING:
            return ""
        text = write_credentials(credentials)
        if not self._ciphers:
            return f"{UNSEALED}:{text.decode()}"
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self.newest].encrypt(nonce, text, owner.encode())
        return f"{self.newest}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, owner: str, sealed: str, plain: Sequence[str] = ()) -> Credentials:
        """From the books; `plain` is what an earlier release wrote there without sealing it."""
        held = self._open(owner, sealed) if sealed else NOTHING
        return with_plain(held, plain) if plain else held

    def _open_text(self, owner: str, sealed: str) -> Credentials:
        name, _, text = sealed.partition(":")
        if name == UNSEALED:
            return read_credentials(text.encode())
        if name not in self._ciphers:
            raise WrongSecretsKey(explain_missing([name]))
        raw = base64.b64decode(text)
        try:
            opened = self._ciphers[name].decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode()
            )
        except InvalidTag as error:
            raise WrongSecretsKey(f"what {owner} holds was altered, or is another's") from error
        return read_credentials(opened)


OPEN_VAULT = Vault()
"""That of an installation without a key."""


def name_key(key: bytes) -> str:
    """A key's id: eight letters that tell it from others and not what it is."""
    return hashlib.sha256(b"tariffwire secrets key:" + key).hexdigest()[:ID_LENGTH]


def explain_missing(names: Sequence[str]) -> str:
    """Which keys are not there, and what to do."""
    return (
        f"{WrongSecretsKey.__doc__} They were sealed under {', '.join(names)}, which is not among"
        " its keys. Nothing is lost: add that key, behind the newest if there is another (a comma"
        " between), and start again."
    )
