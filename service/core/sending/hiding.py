"""Secrets that others repeat: hidden before anything is kept or shown."""

from collections.abc import Iterable

HIDDEN = "…"
SHORTEST_SECRET = 8


def hide(text: bytes, secrets: Iterable[str]) -> bytes:
    """What somebody said, should it repeat what was told in confidence.

    Words shorter than `SHORTEST_SECRET` are left: they would be found in anything.
    """
    for secret in secrets:
        for word in secret.split():
            if len(word) >= SHORTEST_SECRET:
                text = text.replace(word.encode(), HIDDEN.encode())
    return text
