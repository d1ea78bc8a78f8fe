"""The CloudEvents 1.0 envelope, and the one way from bytes to an event."""

import hashlib
import json
import re
from datetime import datetime
from enum import StrEnum
from math import isinf
from typing import Annotated, Any, Literal, NoReturn

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from service.core.codes import MOST_HINTED
from service.core.event.claim import ClaimAssessed
from service.core.event.measure import Measure
from service.core.event.negotiation import NegotiationStep
from service.core.event.tick import CLOCK, Tick
from service.core.event.unreadable import Fault, Unreadable, faults_of, path_of
from service.core.moment import read_moment

MAX_BYTES = 1_048_576
Identity = tuple[str, str]
_EXTENSION = re.compile(r"[a-z0-9]{1,20}")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
MAX_DIGITS = 40


class Handling(StrEnum):
    """What an event may do."""

    LIVE = "live"
    HISTORY = "history"  # builds standings and alerts nobody
    SIMULATED = "simulated"  # alerts and says so
    TEST = "test"  # alerts and never touches a standing

    @property
    def mode(self) -> str:
        """The `mode` of the alerts it causes."""
        return self.value


def _printable(text: str) -> str:
    if not text.isprintable() and any(ord(char) < ord(" ") for char in text):
        message = "control characters are not allowed here"
        raise ValueError(message)
    return text


def _read_instant(given: Any) -> datetime:
    if not isinstance(given, str) or (moment := read_moment(given)).day:
        message = "write an instant with offset, as text: 2025-04-10T00:01:00-04:00"
        raise ValueError(message)
    return moment.at


def _read_plain(given: Any) -> str | int | bool:
    if isinstance(given, str | int):
        return given
    message = "an extension attribute is a text, a whole number, true or false"
    raise ValueError(message)


Instant = Annotated[AwareDatetime, BeforeValidator(_read_instant)]
Plain = Annotated[str | int | bool, PlainValidator(_read_plain)]


class _Envelope(BaseModel):
    """Context attributes; unknown ones are extensions, kept when they are plain values."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Plain]

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
    source: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
    subject: Annotated[str, Field(max_length=300)] | None = None
    time: Instant | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Annotated[str, Field(max_length=2048)] | None = None
    knownfrom: Instant | None = None
    handling: Handling = Handling.LIVE

    @property
    def identity(self) -> Identity:
        """What makes it this event and no other."""
        return (self.source, self.id)

    @property
    def is_kept(self) -> bool:
        """Whether it joins a history: a test never touches a standing."""
        return self.handling is not Handling.TEST


class MeasureEvent(_Envelope):
    """A `tariff.measure`."""

    type: Literal["tariff.measure"]
    data: Measure


class StepEvent(_Envelope):
    """A `negotiation.step`."""

    type: Literal["negotiation.step"]
    data: NegotiationStep


class ClaimEvent(_Envelope):
    """A `claim.assessed`."""

    type: Literal["claim.assessed"]
    data: ClaimAssessed


class ClockEvent(_Envelope):
    """A `tariff.clock`, which nobody sends but this service itself."""

    type: Literal["tariff.clock"]
    data: Tick


Given = MeasureEvent | StepEvent | ClaimEvent
"""What producers send."""

Event = Given | ClockEvent
_KINDS: dict[str, type[MeasureEvent] | type[StepEvent] | type[ClaimEvent]] = {
    "tariff.measure": MeasureEvent,
    "negotiation.step": StepEvent,
    "claim.assessed": ClaimEvent,
}
_READABLE: dict[str, type[Event]] = _KINDS | {"tariff.clock": ClockEvent}
GIVEN: TypeAdapter[Given] = TypeAdapter(Annotated[Given, Field(discriminator="type")])
EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def named_by(event: Event) -> tuple[Identity, ...]:
    """The events that it speaks of, each once: what it assesses, carries out, takes back."""
    data = event.data
    if isinstance(data, ClaimAssessed):
        return (data.about.identity,)
    named = data.ends if isinstance(data, Measure) else ()
    return tuple(dict.fromkeys(one.identity for one in named))


def decode(raw: bytes) -> Any:
    """JSON as strict as our books need it: no duplicate keys, no NaN, no NUL, no endless depth."""
    try:
        found = _DECODER.decode(raw.decode("utf-8"))
        if _ESCAPED.search(raw):
            _refuse_unstorable(found)
    except UnicodeDecodeError as error:
        raise Unreadable([Fault("", f"not UTF-8: byte {error.start} is {error.reason}")]) from error
    except RecursionError as error:
        raise Unreadable([Fault("", "nested too deeply")]) from error
    except json.JSONDecodeError as error:
        said = f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise Unreadable([Fault("", said)]) from error
    return found


def read_event(raw: bytes | dict[str, Any], hints: int = MOST_HINTED) -> Event:
    """One event from its JSON bytes (or decoded object); `Unreadable` names every fault.

    So many `hints` at most say what may have been meant: each takes milliseconds.
    """
    if isinstance(raw, bytes) and len(raw) > MAX_BYTES:
        raise Unreadable([Fault("", f"an event may have {MAX_BYTES} bytes, this has {len(raw)}")])
    found = decode(raw) if isinstance(raw, bytes) else raw
    if not isinstance(found, dict):
        raise Unreadable([Fault("", "an event is a JSON object")])
    kind = _READABLE.get(str(found.get("type")))
    if kind is None:
        said = f"`type` is one of {', '.join(_KINDS)}"
        raise Unreadable([Fault("type", said)])
    try:
        event = kind.model_validate(found)
    except ValidationError as error:
        raise Unreadable(faults_of(error, kind, hints)) from error
    return _check(event)


def _check(event: Event) -> Event:
    for name in event.__pydantic_extra__:
        if not _EXTENSION.fullmatch(name):
            said = "no such attribute; extensions have lower-case letters and digits, at most 20"
            raise Unreadable([Fault(name, said)])
    if isinstance(event, ClaimEvent) and event.data.about.identity == event.identity:
        raise Unreadable([Fault("data.about", "a claim is about another event, not itself")])
    _keep_the_clock(event)
    return event


def _keep_the_clock(event: Event) -> None:
    """Nothing takes an identity of the clock's, nothing is claimed of what it says."""
    if isinstance(event, ClockEvent):
        if event.identity != event.data.identity or not event.is_kept:
            said = "source and id of the clock's events follow from what they say; none is a test"
            raise Unreadable([Fault("id", said)])
    elif event.source == CLOCK:
        said = f"{CLOCK} is the clock of this service itself; name your own source"
        raise Unreadable([Fault("source", said)])
    elif isinstance(event, ClaimEvent) and event.data.about.source == CLOCK:
        said = "the clock claims nothing: assess the event that states the date"
        raise Unreadable([Fault("data.about", said)])


def digest_of(found: dict[str, Any]) -> str:
    """Equal content has equal digests, whatever the order of keys or the white space."""
    return hashlib.sha256(_CANONICAL.encode(found).encode("utf-8", "surrogatepass")).hexdigest()


def topic_of(event: Event) -> str:
    """The log topic it travels on; a claim follows what it is about by its `subject`."""
    if isinstance(event, StepEvent) or (event.subject or "").startswith("track:"):
        return "negotiations"
    return "tariffs"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable([Fault(_first_twice(pairs)[:80], "this key stands twice; keep one")])
    return found


def _first_twice(pairs: list[tuple[str, Any]]) -> str:
    """The first key that stood before; looked up, not counted, for an object may have 100,000."""
    seen: set[str] = set()
    names = iter([name for name, _ in pairs])
    while (name := next(names)) not in seen:
        seen.add(name)
    return name


def _no_constant(name: str) -> NoReturn:
    raise Unreadable([Fault("", f"{name} is not JSON; write a number or null")])


def _read_whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Unreadable(
            [Fault("", f"a number has more than {MAX_DIGITS} digits; write it as text")]
        )
    return int(digits)


def _read_float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise Unreadable([Fault("", f"{digits[:MAX_DIGITS]} is too large; write it as text")])
    return number


def _refuse_unstorable(found: Any, path: tuple[str | int, ...] = ()) -> None:
    if isinstance(found, str) and _UNSTORABLE.search(found):
        said = "NUL characters and halves of surrogate pairs cannot be stored; remove them"
        raise Unreadable([Fault(path_of(path), said)])
    if isinstance(found, dict):
        for name, item in found.items():
            _refuse_unstorable(name, (*path, _UNSTORABLE.sub("?", name)))
            _refuse_unstorable(item, (*path, name))
    elif isinstance(found, list):
        for place, item in enumerate(found):
            _refuse_unstorable(item, (*path, place))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_no_constant,
    parse_float=_read_float,
    parse_int=_read_whole,
)
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
)
