"""The webhook body: one change as a CloudEvents 1.0 event, for one receiver.

All that receivers share is made once a change (`prepare`); a body adds who matched and why. A body
stays under 20 kB whatever an event says: what does not fit is counted or listed under `shortened`,
and `href` leads to the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from service.core.change import Change
from service.core.event import Measure, NegotiationStep
from service.core.language import ENGLISH, Tongue
from service.core.message.concerned import Concern, concern_part, say_concerned
from service.core.message.reasons import say_reason
from service.core.message.shorten import SAID_PATHS, fit
from service.core.message.snapshot import MOST_CODES, MOST_LISTED, counted, shared_part, text_of
from service.core.message.spared import Spared, say_spared, spared_part
from service.core.sentence.sentence import say

LONGEST_BODY = 20_000
SHARED_BYTES = 11_000  # summary and cause among them, which are never shortened
MATCHED_BYTES = 4_000
TOLD_BYTES = 800
CHANGE_TYPE = "tariffwire.change"


@dataclass(frozen=True, slots=True)
class Told:
    """One subscription that matched, as it is listed under `matched[]`.

    `yours_more` counts codes that `yours` leaves out; `concerns` are goods of a catalogue.
    """

    subscription: str
    name: str
    reason: str
    lane: int = 1
    external_id: str | None = None
    labels: tuple[str, ...] | Mapping[str, str] = ()
    metadata: Mapping[str, Any] | None = None
    possible: bool = False
    six_digits: bool = False
    yours: tuple[str, ...] = ()
    yours_more: int = 0
    concerns: Concern | None = None


@dataclass(frozen=True, slots=True)
class Addressed:
    """What one receiver's copy adds. `source` names the deployment, `href_base` its API.

    `previous_alert` is the delivery by which this destination was told of the change before.
    `told_before` is False for a verdict on a claim that this destination never heard of. `spared`
    are alerts that gave way to this one.
    """

    delivery_id: UUID
    source: str
    dataschema: str
    href_base: str
    matched: tuple[Told, ...]
    previous_alert: UUID | None = None
    told_before: bool = True
    spared: Spared | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What all receivers of one change share who read one language.

    `data` is read-only, and `written` its members.
    """

    change: Change
    tongue: Tongue
    summaries: tuple[str, str]  # told before, not told before
    data: Mapping[str, Any]
    written: bytes
    shortened: tuple[str, ...]
    codes: Mapping[str, frozenset[str]]  # of lists too long to be sent, by field of `product`


def webhook_body(
    change: Change, tongue: Tongue = ENGLISH, *, delivery: Addressed
) -> dict[str, Any]:
    """The whole CloudEvents object; see `prepare` for many receivers of one change."""
    return body_for(prepare(change, tongue), delivery)


def to_bytes(body: dict[str, Any]) -> bytes:
    """The JSON that is signed and sent: serialise once, keep for every retry."""
    return to_json(body)


def body_for(prepared: Prepared, delivery: Addressed) -> dict[str, Any]:
    """One receiver's body; it shares all but a few objects with the others of the change."""
    begin, end = _own_parts(prepared, delivery)
    data = {**begin, **prepared.data, **_with_yours(prepared, delivery, end["href"]), **end}
    return {**_envelope(prepared, delivery), "data": data}


def write_body(prepared: Prepared, delivery: Addressed) -> bytes:
    """The bytes of `body_for`; what all receivers share was written once, and is most of it."""
    if prepared.codes:
        return to_bytes(body_for(prepared, delivery))
    begin, end = _own_parts(prepared, delivery)
    envelope = to_json(_envelope(prepared, delivery))
    data = b",".join((to_json(begin)[:-1], prepared.written, to_json(end)[1:]))
    return b"".join((envelope[:-1], b',"data":', data, b"}"))


def _envelope(prepared: Prepared, delivery: Addressed) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": prepared.data["change"],
        "source": delivery.source,
        "type": CHANGE_TYPE,
        "subject": prepared.change.subject,
        "time": prepared.data["seen_at"],
        "datacontenttype": "application/json",
        "dataschema": delivery.dataschema,
    }


def _own_parts(prepared: Prepared, delivery: Addressed) -> tuple[dict[str, Any], dict[str, Any]]:
    """What this receiver's data begin with, and end with."""
    matched, cut = tell_matched(prepared.tongue, delivery)
    shortened = [*prepared.shortened, *cut]
    summary = prepared.summaries[0 if delivery.told_before else 1]
    begin = {
        "summary": prepared.tongue.join((summary, *say_behind(prepared.tongue, delivery))),
        "delivery": str(delivery.delivery_id),
        "previous_alert": text_of(delivery.previous_alert),
        **spared_part(prepared.tongue, delivery.spared),
    }
    href = f"{delivery.href_base.rstrip('/')}/v1/changes/{prepared.data['change']}"
    return begin, {**matched, "href": href, **({"shortened": shortened} if shortened else {})}


def say_behind(tongue: Tongue, delivery: Addressed) -> tuple[str, str]:
    """What this receiver is told behind the sentence of the change."""
    return say_spared(tongue, delivery.spared), say_concerned(tongue, delivery.matched)


def tell_matched(tongue: Tongue, delivery: Addressed) -> tuple[dict[str, Any], list[str]]:
    """`matched` with as many as there is room for, the others counted; and what was shortened."""
    listed: list[dict[str, Any]] = []
    paths: list[str] = []
    room = MATCHED_BYTES
    for place, told in enumerate(delivery.matched):
        part, cut = fit(_tell(tongue, told), TOLD_BYTES, f"matched[{place}].")
        room -= len(to_json(part))
        if room < 0:
            break
        listed.append(part)
        paths += cut
    return counted("matched", listed, len(delivery.matched)), paths[:SAID_PATHS]


def _tell(tongue: Tongue, told: Told) -> dict[str, Any]:
    labels = told.labels
    return {
        "subscription": str(told.subscription),
        "name": told.name,
        "external_id": told.external_id,
        "labels": dict(labels) if isinstance(labels, Mapping) else list(labels),
        "metadata": told.metadata,
        "lane": told.lane,
        "reason": say_reason(tongue, told.reason),
        "possible": told.possible,
        "six_digits": told.six_digits,
        **counted("yours", list(told.yours[:MOST_LISTED]), len(told.yours) + told.yours_more),
        **({"concerns": concern_part(told.concerns)} if told.concerns else {}),
    }


def _with_yours(prepared: Prepared, delivery: Addressed, href: str) -> dict[str, Any]:
    """Where a list of codes was too long: which of the receiver's own codes met it."""
    if not prepared.codes:
        return {}
    product = dict(prepared.data["product"])
    mine = list(dict.fromkeys(code for told in delivery.matched for code in told.yours))
    unlisted = sum(told.yours_more for told in delivery.matched)
    for name in prepared.codes:
        yours = mine if name == "include" else [one for one in mine if one in prepared.codes[name]]
        more = unlisted if name == "include" else 0
        listed = counted("yours", yours[:MOST_CODES], len(yours) + more)
        product[name] = {**product[name], "href": href, **listed}
    return {"product": product}


def prepare(change: Change, tongue: Tongue = ENGLISH) -> Prepared:
    """Once a change and language, however many receive it."""
    told = say(change, tongue)
    new = told if change.assessment is None else say(change, tongue, told_before=False)
    source, name = change.event
    cause = {"source": source, "id": name, "type": change.event_type}
    room = SHARED_BYTES - len(to_json([max(told, new, key=len), cause]))
    fitted, shortened = fit(shared_part(change, tongue), room)
    data = {"cause": cause, **fitted}
    return Prepared(
        change,
        tongue,
        (told, new),
        data,
        to_json(data)[1:-1],
        tuple(shortened),
        _long_lists(change.about),
    )


def _long_lists(about: Measure | NegotiationStep) -> dict[str, frozenset[str]]:
    if isinstance(about, NegotiationStep):
        return {}
    lists = {"include": about.product.include, "except": about.product.excluded}
    return {name: frozenset(codes) for name, codes in lists.items() if len(codes) > MOST_CODES}
