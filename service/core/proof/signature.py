"""Standard Webhooks signatures: the receiver can tell that an alert is ours, whole and fresh.

The scheme is that of the Standard Webhooks specification 1.0.0: symmetric `v1`, and beside it
asymmetric `v1a` for whoever wants it. `service/core/proof/signing.py` knows the keys of both.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from service.core.proof.signing import BadSecret, kind_of, proves, secret_from, sign

__all__ = [
    "ID",
    "SIGNATURE",
    "TIMESTAMP",
    "TOLERANCE",
    "BadSecret",
    "BadSignature",
    "headers",
    "secret_from",
    "verify",
]

TOLERANCE = timedelta(minutes=5)
MOST = 16
"""Signatures that are looked at: nobody makes us verify a header full of them."""

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"


class BadSignature(ValueError):
    """The signature headers do not prove that the sender wrote this body."""


def headers(
    webhook_id: str, timestamp: datetime, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    """Sign: one signature for each secret, `whsec_…` or `whsk_…`: keys rotate without a gap."""
    stamp = str(int(timestamp.timestamp()))
    content = _signed_content(webhook_id, stamp, body)
    signatures = " ".join(sign(secret, content) for secret in secrets)
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
    """Return when any signature matches any secret; else `BadSignature` says what is wrong.

    A secret is `whsec_…` for `v1`, or the sender's public `whpk_…` for `v1a`.
    `now` against `tolerance` closes replay: an old capture is refused, and so is a far future.
    """
    found = {name.lower(): value for name, value in headers.items()}
    if missing := [name for name in (ID, TIMESTAMP, SIGNATURE) if not found.get(name)]:
        reason = f"the header {', '.join(missing)} is missing"
        raise BadSignature(reason)
    _check_fresh(found[TIMESTAMP], now, tolerance)
    content = _signed_content(found[ID], found[TIMESTAMP], body)
    offered, known = found[SIGNATURE].split()[:MOST], tuple(secrets)
    if not any(proves(secret, content, offered) for secret in known):
        kinds = " or ".join(sorted(set(map(kind_of, known)))) or "known"
        reason = f"no {kinds} signature matches: the body was altered or the secret is another"
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
