"""Secrets that others repeat: hidden before anything is cut, kept or shown."""

import json
from collections.abc import Iterable, Iterator

HIDDEN = "…"
SHORTEST_SECRET = 8

_Span = tuple[int, int]


def hide(text: bytes, secrets: Iterable[str], *, is_cut: bool = False) -> bytes:
    """What somebody said, should it repeat what was told in confidence, plainly or inside JSON.

    `is_cut`: more was said, so the end may hold the beginning of a secret. Words shorter than
    `SHORTEST_SECRET` are left: they would be found in anything.
    """
    words = {word for secret in secrets for word in secret.split() if len(word) >= SHORTEST_SECRET}
    spans = [
        span for word in words for form in _forms(word) for span in _find(text, form, is_cut=is_cut)
    ]
    shown, place = [], 0
    for start, end in _merge(spans):
        shown += [text[place:start], HIDDEN.encode()]
        place = end
    return b"".join([*shown, text[place:]])


def _forms(word: str) -> set[bytes]:
    """As it is, and as the writers of JSON escape it: quotes, slashes, letters beyond ASCII."""
    quoted = {json.dumps(word, ensure_ascii=plain)[1:-1] for plain in (True, False)}
    slashed = {one.replace("/", "\\/") for one in quoted}
    return {one.encode() for one in {word} | quoted | slashed}


def _find(text: bytes, form: bytes, *, is_cut: bool) -> Iterator[_Span]:
    """Where it stands; and its beginning, where the text is cut."""
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + 1)
    if is_cut:
        sizes = range(min(len(form) - 1, len(text)), 0, -1)
        size = next((size for size in sizes if text.endswith(form[:size])), 0)
        yield len(text) - size, len(text)


def _merge(spans: Iterable[_Span]) -> list[_Span]:
    """Those that overlap are one: of a secret within another, nothing of either is left."""
    merged: list[_Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
