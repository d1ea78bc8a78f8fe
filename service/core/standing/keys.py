"""The key under which an event travels on the log, and the names by which it is looked up."""

from service.core.event import (
    ClaimAssessed,
    Event,
    Fault,
    Measure,
    NegotiationStep,
    Tick,
    Unreadable,
)
from service.core.standing.naming import name_of
from service.core.standing.track import track_key

LONGEST_NAME = 2_500
"""Bytes. An index of PostgreSQL has room for 2,704; a longer name could be looked up nowhere."""


def record_key(event: Event) -> str:
    """Spreads the log's partitions and keeps a subject on one of them; nothing rests on it."""
    data = event.data
    if isinstance(data, NegotiationStep):
        return track_key(data)
    if isinstance(data, Tick):
        return data.subject
    if isinstance(data, Measure):
        return f"measure:{data.measure or next(iter(data.aliases), name_of(data).key)}"
    return "/".join(data.about.identity)


def refuse_long_names(event: Event) -> None:
    """`Unreadable` for an event that could be recorded, and found by none of its names."""
    data = event.data
    names: dict[str, tuple[str, ...]] = {"id": event.identity}
    if isinstance(data, ClaimAssessed):
        names["data.about"] = data.about.identity
    elif isinstance(data, Measure):
        name = name_of(data)
        names["data.origin"] = (name.importer, name.programme, name.origin)
        stated = {"data.realises": data.realises, "data.withdraws": data.withdraws}
        names |= {where: one.identity for where, one in stated.items() if one}
    for where, parts in names.items():
        length = sum(len(part.encode()) for part in parts)
        if length > LONGEST_NAME:
            said = f"a name may have {LONGEST_NAME} bytes, with all its parts this has {length}"
            raise Unreadable([Fault(where, said)])
