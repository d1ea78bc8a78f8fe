"""A change as plain JSON values, as all its receivers get them.

Amounts are decimal strings, moments are {at, precision, zone}, enums are open.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

from service.core.certainty import Certainty
from service.core.change import Change
from service.core.change.change import Former
from service.core.duty import Component, Duty, say_duty, say_number
from service.core.event import Evidence, Instrument, Measure, NegotiationStep, Origin, Product
from service.core.language import ENGLISH, Tongue, noted
from service.core.moment import Moment
from service.core.sentence.phrase import say_clocks, zone_of
from service.core.sentence.talks import first_named
from service.core.sentence.todo import to_do
from service.core.standing import Claim, MeasureStanding, Standing
from service.core.standing.book import Pause, Term

MOST_CODES = 50
MOST_LISTED = 10


def shared_part(change: Change, tongue: Tongue = ENGLISH) -> dict[str, Any]:
    """Ordered as a person would read it; amounts are decimal strings, moments objects.

    What people read is in the language of `tongue`, which `lang` names: each `…_in_words` and
    each `said`. Nothing else depends on it.
    """
    certainty = change.certainty
    return {
        "lang": tongue.lang,
        "mode": change.mode.mode,
        "change": str(change.id),
        "sequence": change.sequence,
        "previous_change": text_of(change.previous),
        "kinds": [kind.value for kind in change.kinds],
        "severity": change.severity.value,
        "certainty": certainty.value,
        "certainty_in_words": certainty_in_words(tongue, change),
        "subject": change.subject,
        **_about_part(tongue, change),
        **_former_parts(change),
        **_verdict_part(change),
        "before": _standing_part(tongue, change.before),
        "after": _standing_part(tongue, change.after),
        "old": _duty_part(tongue, change.old),
        "new": _duty_part(tongue, change.new),
        "delta_pp": None if change.delta_pp is None else say_number(change.delta_pp),
        "announced_at": _moment_part(change.announced_at),
        "effective_at": _moment_part(change.effective_at),
        "effective_in_words": _say_effect(tongue, change),
        "moved_from": _moment_part(change.moved_from),
        "until": _moment_part(change.until),
        "retroactive": change.retroactive,
        "days": change.days,
        **({"lead": change.lead} if change.lead else {}),
        "to_do": [asdict(one) for one in to_do(tongue, change)],
        "known_at": change.known_at.isoformat(),
        "seen_at": change.seen_at.isoformat(),
        **_some("citations", change.citations, _citation_part),
        **_some("evidence", change.evidence, _evidence_part),
    }


def certainty_in_words(tongue: Tongue, change: Change) -> str:
    """A threat is no law however official."""
    about, certainty = change.about, change.certainty
    if isinstance(about, Measure) and about.action.is_threat and about.certainty.moves_law:
        certainty = Certainty.OFFICIAL_STATEMENT
    return tongue.say(certainty.in_words)


def say_status(tongue: Tongue, status: str) -> str:
    """Of a measure."""
    known = STATUSES.get(status)
    return tongue.say(known) if known else status.replace("_", " ")


STATUSES = {
    "threatened": noted("threatened"),
    "announced": noted("announced"),
    "scheduled": noted("scheduled"),
    "in_force": noted("in force"),
    "provisional": noted("provisional"),
    "suspended": noted("suspended"),
    "terminated": noted("terminated"),
    "expired": noted("expired"),
    "withdrawn": noted("withdrawn"),
    "carried_out": noted("carried out by another measure"),
    "struck_down": noted("struck down"),
    "never_implemented": noted("never in force"),
    "authorised_not_applied": noted("authorised, not applied"),
    "under_investigation": noted("under investigation"),
}


def _say_effect(tongue: Tongue, change: Change) -> str | None:
    """By the clocks of who levies and in UTC, which all receivers share."""
    if change.effective_at is None:
        return None
    about = change.about
    whose = about.importer if isinstance(about, Measure) else first_named(about)
    return say_clocks(tongue, change.effective_at, zone_of(whose))


def _about_part(tongue: Tongue, change: Change) -> dict[str, Any]:
    about = change.about
    if isinstance(about, NegotiationStep):
        return {
            "parties": [party.model_dump(mode="json") for party in about.parties],
            "stage": about.stage.value,
            "channel": about.channel,
            "attribution": about.attribution and about.attribution.model_dump(mode="json"),
            "objective": list(about.objective),
            "terms": about.terms,
            "occurs_at": _moment_part(about.occurs_at),
        }
    before = change.before if isinstance(change.before, MeasureStanding) else None
    condition = about.condition
    return {
        "action": about.action.value,
        "importer": about.importer,
        "origin": _origin_part(about.origin, before.origin if before else None),
        "product": _product_part(about.product, before.product if before else None),
        "programme": about.programme,
        "duty": _duty_part(tongue, about.duty),
        "condition": condition and condition.model_dump(mode="json"),
        "expires_at": _moment_part(about.expires_at),
        "stayed": about.stayed,
    }


def _former_parts(change: Change) -> dict[str, Any]:
    """The threat or claim that this carries out, or takes back; nothing where there is none."""
    former = {"carries_out": change.carries_out, "takes_back": change.takes_back}
    return {name: _former_part(said) for name, said in former.items() if said}


def _former_part(said: Former) -> dict[str, Any]:
    return {
        "event": list(said.event),
        "action": said.action.value,
        "certainty": said.certainty.value,
        "announced_at": _moment_part(said.announced_at),
        "known_at": said.known_at.isoformat(),
        "change": text_of(said.change),
    }


def _verdict_part(change: Change) -> dict[str, Any]:
    claim = change.assessment
    if claim is None:
        return {"verdict": None, "assesses": None}
    return {"verdict": claim.verdict.value, "assesses": claim.about.model_dump()}


def _origin_part(origin: Origin, former: Origin | None) -> dict[str, Any]:
    return {
        "kind": origin.kind,
        "members": _codes_part(origin.members, former.members if former else ()),
        "except": _codes_part(origin.excluded, former.excluded if former else ()),
    }


def _product_part(product: Product, former: Product | None) -> dict[str, Any]:
    return {
        "scope": product.scope,
        "nomenclature": product.nomenclature,
        "edition": product.edition,
        "include": _codes_part(product.include, former.include if former else ()),
        "except": _codes_part(product.excluded, former.excluded if former else ()),
        "text": product.text,
        "condition": product.condition,
    }


def _codes_part(codes: tuple[str, ...], former: tuple[str, ...]) -> list[str] | dict[str, Any]:
    """Over fifty: their count, the sha256 of them sorted and joined by line feeds, what moved."""
    if len(codes) <= MOST_CODES:
        return list(codes)
    here, there = set(codes), set(former)
    digest = hashlib.sha256("\n".join(sorted(here)).encode()).hexdigest()
    return {
        "count": len(codes),
        "sha256": digest,
        "added_count": len(here - there),
        "removed_count": len(there - here),
    }


def _duty_part(tongue: Tongue, duty: Duty | None) -> dict[str, Any] | None:
    if duty is None:
        return None
    return {
        "components": [_component_part(part) for part in duty.components],
        "combine": duty.combine,
        "basis": duty.basis.value,
        "text": duty.text,
        "said": say_duty(duty, tongue),
    }


def _component_part(part: Component) -> dict[str, str]:
    """Only what is stated: most rates are one percentage and nothing else."""
    said = {"unit": part.unit, "currency": part.currency, "per": part.per}
    said["value_basis"] = part.value_basis
    stated = {name: value for name, value in said.items() if value}
    return {"kind": part.kind, "amount": say_number(part.amount), **stated}


def _standing_part(tongue: Tongue, view: Standing | None) -> dict[str, Any] | None:
    if view is None:
        return None
    if not isinstance(view, MeasureStanding):
        return {
            "status": view.status,
            "stage": view.stage,
            "state": view.state,
            "certainty": view.certainty.value,
            "occurs_at": _moment_part(view.occurs_at),
            "terms": view.terms,
        }
    return {
        "status": view.status,
        "certainty": view.certainty.value,
        "duty": _duty_part(tongue, view.duty),
        "applied": _duty_part(tongue, view.applied),
        "effective_at": _moment_part(view.effective_at),
        "until": _moment_part(view.until),
        "expires_at": _moment_part(view.expires_at),
        "said": tongue.say(
            "{status}: {rate}",
            status=say_status(tongue, view.status),
            rate=say_duty(view.applied or view.duty, tongue),
        ),
        **_some("upcoming", view.upcoming, partial(_term_part, tongue)),
        **_some("pauses", view.pauses, partial(_term_part, tongue)),
        **_some("claims", view.claims, partial(_claim_part, tongue), view.earlier_claims),
        **_some("conflicts", view.conflicts, _conflict_part),
    }


def _some(
    name: str, listed: tuple[Any, ...], part: Callable[[Any], Any], earlier: int = 0
) -> dict[str, Any]:
    return counted(name, [part(one) for one in listed[:MOST_LISTED]], len(listed) + earlier)


def _term_part(tongue: Tongue, term: Term | Pause) -> dict[str, Any]:
    return {
        "from": _moment_part(term.start),
        "until": _moment_part(term.until),
        "duty": _duty_part(tongue, term.duty),
    }


def _claim_part(tongue: Tongue, claim: Claim) -> dict[str, Any]:
    return {
        "event": list(claim.cause),
        "action": claim.action.value,
        "certainty": claim.certainty.value,
        "state": claim.state,
        "verdict": claim.verdict,
        "deadline": _moment_part(claim.deadline),
        "said": say_duty(claim.duty, tongue) if claim.duty else None,
        **_end_part(claim),
    }


def _end_part(claim: Claim) -> dict[str, Any]:
    """When it ceased to be open, and by which event; nothing while it is open."""
    if claim.ended_at is None:
        return {}
    by = list(claim.ended_by) if claim.ended_by else None
    return {"ended_at": _moment_part(claim.ended_at), "ended_by": by}


def _conflict_part(group: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [list(identity) for identity in list(group)[:MOST_LISTED]]


def _citation_part(law: Instrument) -> dict[str, Any]:
    return law.model_dump()


def _evidence_part(one: Evidence) -> dict[str, Any]:
    return one.model_dump(mode="json")


def _moment_part(moment: Moment | None) -> dict[str, str | None] | None:
    return moment.as_json() if moment else None


def text_of(given: UUID | None) -> str | None:
    """As text; None stays None."""
    return str(given) if given else None


def counted(name: str, listed: list[Any], total: int) -> dict[str, Any]:
    """A list, and beside it how many it leaves out."""
    more = total - len(listed)
    return {name: listed, **({f"{name}_more": more} if more else {})}
