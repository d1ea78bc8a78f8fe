"""One event of a request, understood: its identity, its digest, its topic, its key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.api.intake.pieces import Piece
from service.core.event import (
    ClaimAssessed,
    Fault,
    Identity,
    Unreadable,
    decode,
    digest_of,
    read_event,
    refuse_unknown_goods,
    topic_of,
)
from service.core.event.envelope import ClockEvent
from service.core.standing.keys import record_key, refuse_long_names

AHEAD = timedelta(minutes=5)
"""How far a producer's clock may run before ours."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is kept of a readable event until the whole request is: not the event itself.

    `about` is the identity that a claim assesses; `topic` where it goes if that is not known.
    """

    piece: Piece
    identity: Identity
    about: Identity | None
    digest: str
    key: str
    topic: str


def understand(piece: Piece, now: datetime, hints: int) -> Arrival:
    """One decoding, one validation, one digest; `Unreadable` names every fault, `hints` at most."""
    found = decode(piece.raw) if piece.found is None else piece.found
    event = read_event(found, hints)
    if isinstance(event, ClockEvent):
        said = "only this service's own clock says what time it is; send the event that states it"
        raise Unreadable([Fault("type", said)])
    if event.knownfrom and event.knownfrom > now + AHEAD:
        said = f"{event.knownfrom.isoformat()} has not come yet; nothing is known before it is said"
        raise Unreadable([Fault("knownfrom", said)])
    refuse_long_names(event)
    refuse_unknown_goods(event, hints)
    data = event.data
    about = data.about.identity if isinstance(data, ClaimAssessed) else None
    key, topic = record_key(event), topic_of(event)
    return Arrival(piece, event.identity, about, digest_of(found), key, topic)
