"""From the body of a request to its events, each with its place and its own bytes."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from service.api.problems import Invalid, Malformed, TooLarge
from service.core.event import Fault, Unreadable, decode
from service.core.event.envelope import MAX_BYTES

MAX_BODY = 8 * 1_048_576
MAX_EVENTS = 5_000

ONE = "application/cloudevents+json"
MANY = "application/cloudevents-batch+json"
PLAIN = "application/json"
LINES = ("application/x-ndjson", "application/ndjson")
MEDIA = (PLAIN, ONE, MANY, *LINES)
_LINE = re.compile(rb"\S[^\n]*")
"""Of a line that is not blank; from its first sign on, for blank ones may be millions, too."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What should be one event. `raw` goes to the log; `found` is it decoded, if that was needed.

    `place` is "" for a single event, "[3]" in an array (from 0), "line 4" in lines (from 1).
    """

    place: str
    raw: bytes
    found: Any = None

    def at(self, where: str) -> str:
        """The path of a fault, from the whole body."""
        if not where or not self.place:
            return where or self.place or "body"
        return (
            f"{self.place}: {where}" if self.place.startswith("line") else f"{self.place}.{where}"
        )


def cut(body: bytes, media: str) -> list[Piece]:
    """Its events, in order; at least one, at most `MAX_EVENTS`, none of them too large."""
    found = _lines(body) if media in LINES else _values(body, media)
    pieces = list(islice(found, MAX_EVENTS))
    if not pieces:
        raise Invalid("there is no event in this body", [Fault("body", "send at least one event")])
    if next(found, None) is not None:  # 8 MiB hold millions: none past the limit is made
        said = f"a request may have {MAX_EVENTS} events, this has more"
        raise TooLarge(said, [Fault("body", said)])
    for piece in pieces:
        if len(piece.raw) > MAX_BYTES:
            said = f"an event may have {MAX_BYTES} bytes, this has {len(piece.raw)}"
            raise TooLarge(said, [Fault(piece.at(""), said)])
    return pieces


def _lines(body: bytes) -> Iterator[Piece]:
    number, counted = 1, 0
    for line in _LINE.finditer(body):
        number += body.count(b"\n", counted, line.start())
        counted = line.start()
        yield Piece(f"line {number}", line[0].rstrip())


def _values(body: bytes, media: str) -> Iterator[Piece]:
    try:
        found = decode(body)
    except Unreadable as error:
        faults = [Fault(one.where or "body", one.what) for one in error.faults]
        raise Malformed(f"the body is not readable: {error}", faults) from error
    is_list = isinstance(found, list)
    if media == (ONE if is_list else MANY):
        said = f"{media} holds {'one event, not an array' if is_list else 'an array of events'}"
        raise Invalid(said, [Fault("body", said)])
    if not is_list:
        yield Piece("", body.strip(), found)
        return
    for place, one in enumerate(found):
        raw = json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode()
        yield Piece(f"[{place}]", raw, one)
