"""Standard Webhooks signatures: the receiver can tell that an alert is ours, whole and fresh.

The scheme is that of the Standard Webhooks specification 1.0.0, symmetric variant `v1`.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
TOLERANCE = timedelta(minutes=5)

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"


class BadSignature(ValueError):
    """The signature headers do not prove that the sender wrote this body."""


class BadSecret(ValueError):
    """A signing secret is `whsec_` followed by the base64 of 24 to 64 bytes."""


def secret_from(entropy: bytes) -> str:
    """`whsec_…` from 24 to 64 random bytes that the caller drew."""
    _check_length(entropy)
    return PREFIX + base64.b64encode(entropy).decode()


def headers(
    webhook_id: str, timestamp: datetime, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    """Sign: one signature for each secret, so that keys rotate without a gap."""
    stamp = str(int(timestamp.timestamp()))
    content = _signed_content(webhook_id, stamp, body)
    signatures = " ".join(_sign(content, secret) for secret in secrets)
    if not signatures:
        message = "no signing secret: an unsigned webhook is never sent, give the destination one"
        raise BadSecret(message)
    return {ID: webhook_id, TIMESTAMP: stamp, SIGNATURE: signatures}


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Iterable[str],
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> None:
    """Return when any `v1` signature matches any secret; else `BadSignature` says what is wrong.

    `now` against `tolerance` closes replay: an old capture is refused, and so is a far future.
    """
    found = {name.lower(): value for name, value in headers.items()}
    if missing := [name for name in (ID, TIMESTAMP, SIGNATURE) if not found.get(name)]:
        reason = f"the header {', '.join(missing)} is missing"
        raise BadSignature(reason)
    _check_fresh(found[TIMESTAMP], now, tolerance)
    content = _signed_content(found[ID], found[TIMESTAMP], body)
    offered = found[SIGNATURE].split()
    if not any(_among(_sign(content, secret), offered) for secret in secrets):
        reason = "no v1 signature matches: the body was altered or the secret is another"
        raise BadSignature(reason)


def _check_fresh(stamp: str, now: datetime, tolerance: timedelta) -> None:
    if not (stamp.isascii() and stamp.isdigit()):
        reason = f"{TIMESTAMP} is not a number of seconds: {stamp[:40]!r}"
        raise BadSignature(reason)
    age = now.timestamp() - int(stamp[:20])
    if abs(age) > tolerance.total_seconds():
        side = "old" if age > 0 else "far in the future"
        reason = f"{TIMESTAMP} is too {side}: {abs(age):.0f} s away from this clock"
        raise BadSignature(reason)


def _signed_content(webhook_id: str, stamp: str, body: bytes) -> bytes:
    return f"{webhook_id}.{stamp}.".encode() + body


def _sign(content: bytes, secret: str) -> str:
    digest = hmac.digest(_key(secret), content, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def _among(expected: str, offered: list[str]) -> bool:
    """Compare in constant time; as bytes, since `compare_digest` refuses non-ASCII text."""
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in offered)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        message = f"the signing secret is not {PREFIX} and base64: {error}"
        raise BadSecret(message) from error
    _check_length(key)
    return key


def _check_length(key: bytes) -> None:
    if len(key) not in KEY_BYTES:
        message = f"a signing secret has 24 to 64 bytes, this one has {len(key)}"
        raise BadSecret(message)
