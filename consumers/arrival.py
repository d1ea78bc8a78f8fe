"""A record as read: an event with the digest of its content, or the reason why it is none."""

from dataclasses import dataclass

from service.core.event import (
    Event,
    Fault,
    Unreadable,
    decode,
    digest_of,
    read_event,
    refuse_unknown_goods,
)
from service.core.event.binding import unbind
from service.core.event.envelope import MAX_BYTES
from service.core.standing.keys import record_key, refuse_long_names
from service.log import Record


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record with what it says; `body` is the event as structured JSON, however it travelled."""

    record: Record
    event: Event | None
    digest: str
    fault: str
    body: bytes = b""

    @property
    def is_foreign(self) -> bool:
        """Whether another producer keyed it: its subject may then be on any partition."""
        return self.event is not None and self.record.key != record_key(self.event)


def read_arrival(record: Record) -> Arrival:
    """Decoded once: to an event and the digest of its content, or to a fault."""
    try:
        _refuse_size(record.value)
        body = unbind(record.value, record.headers)
        _refuse_size(body)  # attributes that came as headers are in it
        found = decode(body)
        event = read_event(found)
        refuse_long_names(event)
        refuse_unknown_goods(event)
    except Unreadable as error:
        return Arrival(record, None, "", str(error))
    return Arrival(record, event, digest_of(found), "", body)


def _refuse_size(value: bytes) -> None:
    if not value:
        raise Unreadable([Fault("", "the record has no value: there is no event to read")])
    if len(value) > MAX_BYTES:
        said = f"an event may have {MAX_BYTES} bytes, this has {len(value)}"
        raise Unreadable([Fault("", said)])
