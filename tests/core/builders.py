"""Small builders of events, entries and histories: one subject, one made-up measure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from service.core.change.derive import Derivation, weigh
from service.core.event import Event, read_event
from service.core.standing import Standing, standing
from service.core.standing.history import Entry, History

SOURCE = "https://ustr.example/notices"
OTHER_SOURCE = "https://press.example/wire"
SUBJECT = "measure:us-test-cn"
TRACK = "track:CN-US"


def on(text: str) -> datetime:
    """An instant in UTC: `on("2025-04-10")`, `on("2025-04-10T16:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def percent(amount: str, basis: str = "additional") -> dict[str, Any]:
    """A plain ad valorem duty."""
    return {"components": [{"kind": "ad_valorem", "amount": amount}], "basis": basis}


def envelope(kind: str, name: str, data: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A CloudEvents envelope round `data`."""
    context = {"specversion": "1.0", "id": name, "source": SOURCE, "type": kind}
    return context | attributes | {"data": data}


def measure(name: str, action: str = "imposed", **fields: Any) -> dict[str, Any]:
    """A `tariff.measure` of the United States on goods of China; law unless said otherwise.

    `rate="25"` is short for a duty; `source` and `handling` go to the envelope.
    """
    attributes = {key: fields.pop(key) for key in ("source", "handling") if key in fields}
    if "rate" in fields:
        fields["duty"] = percent(fields.pop("rate"))
    data = {
        "importer": "US",
        "measure": "us-test-cn",
        "origin": {"kind": "country", "members": ["CN"]},
        "product": {"scope": "all"},
        "programme": "S301-test",
        "action": action,
        "certainty": "instrument",
    }
    return envelope("tariff.measure", name, data | fields, **attributes)


def threat(name: str, **fields: Any) -> dict[str, Any]:
    """A threat, on record."""
    return measure(name, "threatened", **({"certainty": "official_statement"} | fields))


def step(name: str, stage: str, **fields: Any) -> dict[str, Any]:
    """A `negotiation.step` between the United States and China."""
    parties = [{"code": "US", "role": "initiator"}, {"code": "CN", "role": "counterpart"}]
    data = {"parties": parties, "stage": stage, "certainty": "official_statement"}
    return envelope("negotiation.step", name, data | fields)


def claim(name: str, about: str, verdict: str = "retracted", **fields: Any) -> dict[str, Any]:
    """A `claim.assessed` about the event `about` of the usual source."""
    data = {"about": ref(about), "verdict": verdict, "certainty": "official_statement"}
    return envelope("claim.assessed", name, data | fields)


def ref(name: str, source: str = SOURCE) -> dict[str, str]:
    """A reference to an event."""
    return {"source": source, "id": name}


def read(given: dict[str, Any]) -> Event:
    """The event itself."""
    return read_event(given)


def entry(given: dict[str, Any], known: str, seen: str | None = None) -> Entry:
    """An event known since `known`, judged then or at `seen`."""
    return Entry(read_event(given), on(known), on(seen or known))


def history(*entries: Entry, subject: str = SUBJECT) -> History:
    """The entries as they are, no change derived."""
    return History(subject, entries)


def replay(entries: Iterable[Entry], subject: str = SUBJECT) -> tuple[History, list[Derivation]]:
    """Weigh the entries one by one and keep them, as a consumer does."""
    held, found = History(subject), []
    for one in entries:
        found.append(weigh(one, held))
        held = found[-1].history
    return held, found


def stands(held: History, at: str, known: str | None = None) -> Standing:
    """What stands at `at`, as known at `known` (else then)."""
    found = standing(held, on(at), on(known or at))
    assert found is not None
    return found
