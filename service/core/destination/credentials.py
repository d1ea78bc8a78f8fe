"""What a destination was given that is for no other eyes: keys, headers, how to be let in.

A key that is rotated out goes on signing beside its successor until it expires, so that a receiver
can take up the new one at its leisure.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from service.core.destination.grant import Grant
from service.core.proof.signing import kind_of
from service.core.sending.delivery import PLAIN, Route

MOST_KEYS = 4
"""Of one kind: each is a signature in every webhook."""
SHOWN = 4


class TooManyKeys(ValueError):
    """So many keys sign already: revoke one that no receiver needs, or wait until one expires."""


class LastKey(ValueError):
    """This key signs now and has no successor: rotate it first, with a grace of 0 if need be."""


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key. `made_at` is unknown of keys that are older than their dates."""

    text: str = field(repr=False)
    made_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def id(self) -> str:
        """The same for the same key, and of no use to who does not have it."""
        return "key_" + hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @property
    def kind(self) -> str:
        """Which signatures it makes: `v1` or `v1a`."""
        return kind_of(self.text)

    def signs(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Credentials:
    """All of one destination: `keys` newest first, `headers` as name and value.

    `grant` is how a token is had that lets us in.
    """

    keys: tuple[Key, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    route: Route = PLAIN
    grant: Grant | None = None

    def living(self, now: datetime) -> tuple[Key, ...]:
        """The keys that sign."""
        return tuple(key for key in self.keys if key.signs(now))

    def signing(self, now: datetime) -> tuple[str, ...]:
        """Their texts."""
        return tuple([key.text for key in self.keys if key.signs(now)])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of signature that are made until somebody says otherwise."""
        return tuple(sorted({key.kind for key in self.keys if key.expires_at is None}))


NOTHING = Credentials()


def add_key(held: Credentials, fresh: Key, now: datetime, grace: timedelta) -> Credentials:
    """With `fresh` signing from now on; others of its kind until `grace` has passed.

    `TooManyKeys` when that would be more than `MOST_KEYS` of a kind.
    """
    others = [key for key in held.living(now) if key.text != fresh.text]
    kept = [key if key.kind != fresh.kind else _retire(key, now + grace) for key in others]
    keys = (fresh, *(key for key in kept if key.signs(now)))
    if sum(key.kind == fresh.kind for key in keys) > MOST_KEYS:
        raise TooManyKeys(f"{MOST_KEYS} keys sign already: {TooManyKeys.__doc__}")
    return replace(held, keys=keys)


def _retire(key: Key, at: datetime) -> Key:
    """What expires sooner still does."""
    return replace(key, expires_at=min(at, key.expires_at or at))


def revoke_key(held: Credentials, key_id: str, now: datetime) -> Credentials:
    """Without this key, at once; `LastKey` when nothing of its kind would take its place."""
    keys = tuple(key for key in held.living(now) if key.id != key_id)
    gone = next(key for key in held.keys if key.id == key_id)
    stays = any(key.kind == gone.kind and key.expires_at is None for key in keys)
    if gone.expires_at is None and not stays:
        raise LastKey
    return replace(held, keys=keys)


def drop_kind(held: Credentials, kind: str, now: datetime) -> Credentials:
    """Without any key of this kind."""
    return replace(held, keys=tuple(key for key in held.living(now) if key.kind != kind))


def with_plain(held: Credentials, plain: Iterable[str]) -> Credentials:
    """With shared secrets that an earlier release wrote beside them, newest first."""
    known = {key.text for key in held.keys}
    fresh = tuple(Key(text) for text in plain if text not in known)
    return replace(held, keys=fresh + held.keys) if fresh else held


def hint(text: str) -> str:
    """Its last letters, for telling one from another; none of what is too short to hide."""
    return "…" + (text[-SHOWN:] if len(text) > 2 * SHOWN else "")


def write_credentials(held: Credentials) -> bytes:
    """As JSON."""
    return _JSON.dump_json(held, exclude_defaults=True)


def read_credentials(text: bytes) -> Credentials:
    """From JSON."""
    return _JSON.validate_json(text)


_JSON = TypeAdapter(Credentials)
