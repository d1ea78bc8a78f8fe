"""The lines of a bundle: an alert, a change, a reason for silence; the same for the same books.

A text stands beside its SHA-256 under the name that `core/proof/bundle.py` checks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson

from service.api.deliveries import attempt_json
from service.api.steering.audit import describe_deed
from service.core.change import Change
from service.core.event import Evidence
from service.core.proof.bundle import text_part
from service.core.sending.delivery import TOLD, State
from service.store.again.resending import name_delivery
from service.store.evidence.collecting import Beside, Planned, Told
from service.store.evidence.versions import Version
from service.store.steering.deeds import Deed
from service.store.steering.errands import name_change

_STABLE = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
_SILENT = frozenset(State) - TOLD - {State.PENDING, State.BOUNCED, State.FAILED}
"""Ends that somebody meant, and what is held: not what went wrong."""

Deeds = Mapping[str, Sequence[Deed]]


def write_line(found: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    return orjson.dumps(found, option=_STABLE)


def alert_line(one: Planned, body: bytes | None, beside: Beside, deeds: Deeds) -> dict[str, Any]:
    """An alert as it was sent, if its bytes can be had; else their hash, where any were sent."""
    former = [_former(row) for row in beside.former.get(one.id, ())]
    return {
        "webhook-id": one.id,
        "number": one.number,
        "destination": {"id": one.destination_id, "kind": one.kind, "address": one.address},
        "change": one.change_id,
        "caused_by": one.cause or name_change(one.change_id),
        "subject": one.subject,
        "matched": orjson.loads(one.matched),
        "created_at": one.created_at,
        "state": one.state,
        "reason": _reason(one),
        "told_in": one.told_in,
        "gave_way_to": one.gave_way_to,
        "receipt": _receipt(one),
        "former_receipts": former,
        "attempts": [attempt_json(row, one.id) for row in beside.attempts.get(one.id, ())],
        "deeds": _deeds(deeds, name_delivery(one.id)),
        **_sent_part(one, body),
    }


def _former(row: Any) -> dict[str, Any]:
    """How it had ended before, without the id that this stands under."""
    return {name: value for name, value in row._mapping.items() if name != "delivery_id"}  # noqa: SLF001 - SQLAlchemy's public name


def _reason(one: Planned) -> str | None:
    return one.reason or (f"held for {one.holder}" if one.holder else None)


def _receipt(one: Planned) -> dict[str, Any] | None:
    if one.finished_at is None:
        return None
    return {"attempts": one.attempts, "finished_at": one.finished_at, "sha256": one.sha256 or None}


def _sent_part(one: Planned, body: bytes | None) -> dict[str, Any]:
    """`body` only where these are the very bytes: what was made again must have their hash."""
    if not one.sha256:
        return {"is_as_sent": None}
    part = text_part("body", body) if body is not None else {}
    if part.get("body_sha256") != one.sha256:
        return {"is_as_sent": False, "body_sha256": one.sha256}
    return {"is_as_sent": True, **part}


def is_silence(one: Planned) -> bool:
    """Whether somebody, or a wish of the owner's, keeps or kept it from being sent."""
    return one.state in _SILENT


def silence_line(one: Planned) -> dict[str, Any]:
    """What was planned and not sent, and why."""
    return {
        "webhook-id": one.id,
        "destination": one.destination_id,
        "change": one.change_id,
        "subject": one.subject,
        "state": one.state,
        "reason": _reason(one),
    }


def stopped_line(told: Told, change: Change, would: str) -> dict[str, Any]:
    """What a person stopped before anything was planned; `would` is why it would have matched."""
    return {
        "change": told.id,
        "subject": change.subject,
        "state": told.word,
        "reason": told.reason,
        "would_have_matched": would,
    }


def change_line(told: Told, change: Change, deeds: Deeds) -> dict[str, Any]:
    """A change as recorded, the event behind it as it came, and what that quotes."""
    return {
        "id": told.id,
        "number": told.number,
        "recorded_at": told.recorded_at,
        "citations": [law.model_dump(mode="json") for law in change.citations],
        "quotes": _quotes(change.evidence),
        "deeds": _deeds(deeds, name_change(told.id)),
        **text_part("change", told.body),
        **(text_part("event", told.event) if told.event is not None else {}),
    }


def _quotes(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    """`source_sha256` is that of the page it was taken from, as the event states it."""
    return [
        {
            **one.model_dump(mode="json", include={"publisher", "kind", "url", "title"}),
            "source_sha256": one.sha256,
            **text_part("quote", one.quote.encode()),
        }
        for one in evidence
        if one.quote
    ]


def _deeds(deeds: Deeds, of: str) -> list[dict[str, Any]]:
    return [describe_deed(one) for one in deeds.get(of, ())]


def subscription_part(subscription_id: str, versions: Sequence[Version]) -> dict[str, Any]:
    """The rule as it then was, each version with the instant from which it stood."""
    return {"subscription": subscription_id, "versions": [_version(one) for one in versions]}


def _version(one: Version) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(one).items() if name not in {"id", "account_id"}}
    texts = {"rule": one.rule, "labels": one.labels, "details": one.details}
    read = {name: orjson.loads(text) for name, text in texts.items()}
    return kept | read | {"destinations": one.destinations.split()}


def is_for(subscription_id: str, one: Planned) -> bool:
    """Whether the alert was made for this subscription, among others."""
    if subscription_id.encode() not in one.matched:
        return False
    return any(told["subscription"] == subscription_id for told in orjson.loads(one.matched))


def names_of(alerts: Iterable[UUID], changes: Iterable[UUID]) -> list[str]:
    """As the audit names them."""
    return [*map(name_delivery, alerts), *map(name_change, changes)]
