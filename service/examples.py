"""A realistic example of every kind of change that an event can cause, marked as a test.

Most are events of 2025 under a key of their own; what that year does not hold is written here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from service.core.change import Kind
from service.events_of_2025 import read_year

SOURCE = "urn:tariffwire:trigger"
Part = tuple[str, Mapping[str, Any]]
"""Type and data of one event."""


class NoExample(ValueError):
    """No event causes a change of this kind."""


def example(kind: str, now: datetime) -> list[dict[str, Any]]:
    """The events to send, in this order; the last one causes `kind`.

    Their source is made from `now`: a test is weighed as if the tests of its source had happened,
    so each call begins anew. `NoExample` for what only time brings about.
    """
    if kind not in KINDS:
        message = f"{kind!r}: {NoExample.__doc__} The kinds are: {', '.join(KINDS)}."
        raise NoExample(message)
    source = f"{SOURCE}:{now:%Y%m%dT%H%M%S%f}"
    return [
        _envelope({"source": source, "id": f"{kind}-{place}"}, of, data, f"{kind}-1")
        for place, (of, data) in enumerate(_parts(kind), start=1)
    ]


def _envelope(
    identity: Mapping[str, str], of: str, data: Mapping[str, Any], first: str
) -> dict[str, Any]:
    """A claim is about the first event of its example, and so is what takes a threat back."""
    reference = {"source": identity["source"], "id": first}
    linked = {field: reference for field in ("about", "withdraws") if field in data}
    context = {"specversion": "1.0", **identity, "type": of, "handling": "test"}
    return context | {"data": {**data, **linked}}


def _parts(kind: str) -> Sequence[Part]:
    written = _WRITTEN.get(Kind(kind))
    return written or [_year()[name] for name in _OF_2025[Kind(kind)]]


@lru_cache(maxsize=1)
def _year() -> dict[str, Part]:
    return {event["id"]: (event["type"], _apart(event["data"])) for event in read_year()}


def _apart(data: dict[str, Any]) -> dict[str, Any]:
    """Key, programme and aliases of its own: an example is never taken for the measure it shows."""
    if "measure" not in data:
        return data
    programme = data["programme"].replace("unspecified", "example")
    apart = {
        "measure": f"example-{data['measure']}",
        "programme": programme if programme == "example" else f"{programme} (example)",
    }
    return {name: value for name, value in data.items() if name != "aliases"} | apart


_OF_2025: Mapping[Kind, tuple[str, ...]] = {
    Kind.MEASURE_ANNOUNCED: ("us-232-autos-25",),
    Kind.RATE_INCREASED: ("us-cn-recip-84", "us-cn-recip-125"),
    Kind.RATE_DECREASED: ("us-cn-fent-20", "us-cn-fent-10-nov"),
    Kind.RATE_CHANGED: ("us-jp-recip-aug", "us-jp-floor-15"),
    Kind.SCOPE_CHANGED: ("us-232-metals-50", "us-232-derivatives-add"),
    Kind.EFFECTIVE_DATE_MOVED: ("us-mx-fent-25-sched", "us-mx-fent-pause"),
    Kind.SUSPENDED: ("us-annex1-suspended/vn",),
    Kind.EXEMPTION_GRANTED: ("us-cn-recip-annex1", "us-electronics-exempt/us-reciprocal-cn"),
    Kind.EXEMPTION_ENDED: ("us-cn-deminimis-end",),
    Kind.THREAT_ISSUED: ("us-cn-100-threat",),
    Kind.NEGOTIATION_OPENED: ("us-cn-outreach-report",),
    Kind.AGREEMENT_REACHED: ("us-jp-framework",),
    Kind.CLAIM_MADE: ("us-90day-pause-rumour-denied#rumour",),
    Kind.CLAIM_CONFIRMED: ("us-cn-outreach-report", "cn-evaluating"),
    Kind.CLAIM_DENIED: ("us-90day-pause-rumour-denied#rumour", "us-90day-pause-rumour-denied"),
    Kind.RULING: ("us-cn-fent-20", "us-cafc-ieepa/us-fentanyl-cn"),
}


def _measure(key: str, action: str, **fields: Any) -> Part:
    """Law on all goods, unless said otherwise."""
    importer, _, origin = key.partition("-")
    data = {
        "importer": importer.upper(),
        "measure": key,
        "origin": {"kind": "country", "members": [origin.partition("-")[0].upper()]},
        "product": {"scope": "all"},
        "action": action,
        "certainty": "instrument",
    }
    return "tariff.measure", _apart(data | fields)


def _step(one: str, other: str, stage: str, day: str, **fields: Any) -> Part:
    """Said on record by one of the two, unless said otherwise."""
    parties = [{"code": one, "role": "initiator"}, {"code": other, "role": "counterpart"}]
    moment = {"day": day, "zone": "America/New_York"}
    data = {"parties": parties, "stage": stage, "certainty": "official_statement"}
    return "negotiation.step", data | {"occurs_at": moment} | fields


def _percent(amount: str, basis: str = "additional") -> dict[str, Any]:
    return {"components": [{"kind": "ad_valorem", "amount": amount}], "basis": basis}


_THREAT = _measure(
    "us-cn",
    "threatened",
    programme="unspecified",
    certainty="official_statement",
    announced_at="2025-10-10",
    duty=_percent("100"),
    condition={"deadline": "2025-11-01"},
)
_WITHDRAWAL = _measure(
    "us-cn",
    "threat_withdrawn",
    programme="unspecified",
    certainty="official_statement",
    announced_at="2025-10-26",
    duty=_percent("100"),
    withdraws={},
)
_EU_REBALANCING = _measure(
    "eu-us-rebalancing",
    "resumed",
    programme="countermeasure",
    product={"scope": "described", "text": "boats, bourbon, motorcycles and others"},
    certainty="announced",
    announced_at="2025-03-12",
    effective_at="2025-04-01",
    duty={"text": "10 % to 50 % by product"},
    instrument={"kind": "regulation", "number": "(EU) 2018/886"},
)
_CA_REMISSION = _measure(
    "ca-us-countermeasure",
    "terminated",
    programme="countermeasure",
    product={"scope": "all", "condition": "cusma_qualifying"},
    certainty="announced",
    announced_at="2025-08-22",
    effective_at="2025-09-01",
    duty=_percent("25"),
)
_KR_CORRECTED = _measure(
    "us-kr-reciprocal",
    "corrected",
    programme="IEEPA-reciprocal",
    duty=_percent("25", "additional_in_lieu"),
    announced_at="2025-04-07",
    effective_at="2025-04-09T00:01:00-04:00",
    instrument={"kind": "executive_order", "number": "EO 14257"},
    citations=[{"kind": "hts_heading", "number": "9903.01.54"}],
)
_CHIPS = _measure(
    "us-s232-semiconductors",
    "investigation_opened",
    origin={"kind": "all"},
    product={"scope": "described", "text": "semiconductors and the equipment that makes them"},
    programme="S232-semiconductors",
    announced_at="2025-04-01",
    instrument={"kind": "federal_register", "number": "90 FR 15950"},
)
_TALKS_CLAIMED = _step("US", "CN", "under_way", "2025-04-24", attribution={"office": "President"})
_DISPUTED: Part = (
    "claim.assessed",
    {
        "about": {},
        "verdict": "disputed",
        "certainty": "official_statement",
        "evidence": [{"publisher": "MOFCOM", "kind": "official_statement"}],
    },
)
_WRITTEN: Mapping[Kind, Sequence[Part]] = {
    Kind.RESUMED: (_EU_REBALANCING,),
    Kind.ENDED: (_CA_REMISSION,),
    Kind.THREAT_WITHDRAWN: (_THREAT, _WITHDRAWAL),
    Kind.STAGE_ADVANCED: (
        _step("US", "CN", "outreach", "2025-05-01", certainty="reported"),
        _step("US", "CN", "under_way", "2025-05-10", certainty="announced"),
    ),
    Kind.STAGE_REGRESSED: (_step("US", "IN", "stalled", "2025-08-16", certainty="reported"),),
    Kind.TALKS_ENDED: (_step("US", "CA", "terminated", "2025-10-23"),),
    Kind.CLAIM_DISPUTED: (_TALKS_CLAIMED, _DISPUTED),
    Kind.INVESTIGATION: (_CHIPS,),
    Kind.CORRECTION: (_KR_CORRECTED,),
}
KINDS: tuple[str, ...] = tuple(kind.value for kind in Kind if kind in {*_OF_2025, *_WRITTEN})
"""All kinds that events cause, in the order of `Kind`; the others come about by time alone."""
