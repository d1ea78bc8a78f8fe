"""Several changes told in one: what waited for an hour, or for others of its law."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from service.core.change import Change, Severity
from service.core.event import Handling, Measure
from service.core.language import ENGLISH, Tongue
from service.core.message.body import Addressed, Prepared, Told
from service.core.message.concerned import say_concerned
from service.core.message.contents import (
    SAID_LINE,
    SAID_QUOTE,
    SEVERITIES,
    contents_of,
    effect_label,
    mark,
    say_banner,
)
from service.core.message.letter import TONES, Doors, Letter, render
from service.core.message.reasons import say_reason
from service.core.message.shorten import SAID_PATHS, fit
from service.core.message.snapshot import counted, text_of
from service.core.sentence.headline import headline
from service.core.sentence.phrase import cite, say_laws, shorten

DIGEST_TYPE = "tariffwire.digest"
CHANGES_BYTES = 16_000
CHANGE_BYTES = 1_200
MOST_REASONS = 2
MOST_IN_MAIL = 40
"""Some programs show no more than 102 kB of a mail, and the way to unsubscribe is at its end."""
_KEPT = ("change", "sequence", "subject", "kinds", "severity", "certainty", "mode", "effective_at")


@dataclass(frozen=True, slots=True)
class Member:
    """One change, and what its own alert would have added to it."""

    prepared: Prepared
    delivery_id: UUID
    matched: tuple[Told, ...]
    previous_alert: UUID | None = None

    @property
    def change(self) -> Change:
        """What it is about."""
        return self.prepared.change

    @property
    def told_before(self) -> bool:
        """Whether the receiver was told of what this change follows."""
        return self.change.previous is None or self.previous_alert is not None


@dataclass(frozen=True, slots=True)
class Bundle:
    """`cause` is what the members had waited for; `members` are the worst, and one at least.

    `severities` count all of them, the ones that are not listed among them. The members were
    prepared in the language of `tongue`.
    """

    cause: str
    severities: Mapping[str, int]
    members: tuple[Member, ...]
    made_at: datetime
    tongue: Tongue = ENGLISH

    @property
    def count(self) -> int:
        """How many changes it tells of."""
        return sum(self.severities.values())

    @property
    def mode(self) -> Handling:
        """All members have the same."""
        return self.members[0].change.mode


def digest_body(bundle: Bundle, delivery: Addressed) -> dict[str, Any]:
    """The CloudEvents object, under 20 kB: what there is no room for is counted."""
    listed: list[dict[str, Any]] = []
    shortened: list[str] = []
    room = CHANGES_BYTES
    for place, one in enumerate(bundle.members):
        part, cut = fit(_tell(bundle.tongue, one, delivery), CHANGE_BYTES, f"changes[{place}].")
        room -= len(to_json(part))
        if room < 0:
            break
        listed.append(part)
        shortened += cut
    return {
        "specversion": "1.0",
        "id": str(delivery.delivery_id),
        "source": delivery.source,
        "type": DIGEST_TYPE,
        "subject": bundle.cause,
        "time": bundle.made_at.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": delivery.dataschema,
        "data": {
            "summary": bundle.tongue.say(
                "{digest}: {change}", digest=_head(bundle), change=_say_worst(bundle)
            ),
            "delivery": str(delivery.delivery_id),
            "caused_by": bundle.cause,
            "lang": bundle.tongue.lang,
            "mode": bundle.mode.value,
            "count": bundle.count,
            "severities": _in_order(bundle.severities),
            **counted("changes", listed, bundle.count),
            "href": _whole(delivery),
            **({"shortened": shortened[:SAID_PATHS]} if shortened else {}),
        },
    }


def _tell(tongue: Tongue, one: Member, delivery: Addressed) -> dict[str, Any]:
    reasons = [
        {
            "subscription": told.subscription,
            "name": told.name,
            "external_id": told.external_id,
            "reason": say_reason(tongue, told.reason),
        }
        for told in one.matched[:MOST_REASONS]
    ]
    summary = one.prepared.summaries[0 if one.told_before else 1]
    return {
        "delivery": str(one.delivery_id),
        "previous_alert": text_of(one.previous_alert),
        **{name: one.prepared.data[name] for name in _KEPT},
        "summary": tongue.join((summary, say_concerned(tongue, one.matched))),
        **counted("matched", reasons, len(one.matched)),
        "href": f"{delivery.href_base.rstrip('/')}/v1/changes/{one.change.id}",
    }


def _whole(delivery: Addressed) -> str:
    return f"{delivery.href_base.rstrip('/')}/v1/deliveries/{delivery.delivery_id}"


def _in_order(severities: Mapping[str, int]) -> dict[str, int]:
    return {one.value: severities[one.value] for one in Severity if severities.get(one.value)}


# In words


def _head(bundle: Bundle) -> str:
    """As "7 tariff changes in your digest of 11 Apr 2025"."""
    tongue = bundle.tongue
    kind, _, about = bundle.cause.partition(":")
    changes = _say_many(bundle)
    if kind == "digest":
        day = tongue.date(date.fromisoformat(about))
        return tongue.say("{changes} in your digest of {day}", changes=changes, day=day)
    if kind == "quiet":
        return tongue.say("{changes} from your quiet hours", changes=changes)
    if kind == "instrument":
        return changes
    return tongue.say("{changes} beyond your hourly limit", changes=changes)


def _say_many(bundle: Bundle) -> str:
    """As "7 tariff changes", with the law that made them if they wait for nothing else."""
    many = bundle.tongue.count("{n} tariff change", "{n} tariff changes", bundle.count)
    if not bundle.cause.startswith("instrument:"):
        return many
    law = cite(bundle.members[0].change.citations[0])
    return bundle.tongue.say("{changes} by {law}", changes=many, law=law)


def _say_worst(bundle: Bundle) -> str:
    return headline(bundle.members[0].change, bundle.tongue)


def _say_severities(bundle: Bundle) -> str:
    """As "2 critical, 3 high, 2 medium"."""
    tongue = bundle.tongue
    said = (
        tongue.say(
            "{number} {severity}",
            number=tongue.number(many),
            severity=tongue.say(SEVERITIES[Severity(name)]),
        )
        for name, many in _in_order(bundle.severities).items()
    )
    return tongue.say(", ").join(said)


def _subject(bundle: Bundle) -> str:
    tongue, many = bundle.tongue, _say_many(bundle)
    critical = bundle.severities.get(Severity.CRITICAL.value)
    if critical:
        number = tongue.number(critical)
        many = tongue.say("{changes}, {number} critical", changes=many, number=number)
    line = tongue.say("{digest}: {change}", digest=many, change=_say_worst(bundle))
    return mark(tongue, bundle.mode, line)


def digest_letter(
    bundle: Bundle, addressed: Addressed, pages: Mapping[UUID, str], doors: Doors | None = None
) -> Letter:
    """For one reader; `pages` are where to read on, by change."""
    tongue, shown = bundle.tongue, bundle.members[:MOST_IN_MAIL]
    subject = shorten(_subject(bundle), SAID_LINE)
    view = {
        "subject": subject,
        "banner": say_banner(tongue, bundle.mode),
        "head": _head(bundle),
        "severities": _say_severities(bundle),
        "rows": [_row(tongue, one, pages[one.change.id]) for one in shown],
        "more": bundle.count - len(shown),
        "href": _whole(addressed),
        "doors": doors,
        "thread": tongue.say(
            "Alert {id}, for {cause}.", id=str(addressed.delivery_id), cause=bundle.cause
        ),
    }
    return Letter(subject, *render("digest", view, tongue))


def _row(tongue: Tongue, one: Member, page: str) -> Mapping[str, str]:
    change = one.change
    contents = contents_of(change, tongue, told_before=one.told_before)
    facts = dict(contents.facts)
    undated = tongue.say("date not stated") if isinstance(change.about, Measure) else ""
    return {
        "severity": tongue.say(SEVERITIES[change.severity]),
        "tone": TONES[contents.severity],
        "headline": headline(change, tongue),
        "note": _say_note(tongue, change, facts),
        "when": facts.get(tongue.say(effect_label(change))) or undated,
        "why": _say_why(tongue, one),
        "page": page,
    }


def _say_note(tongue: Tongue, change: Change, facts: Mapping[str, str]) -> str:
    sure, laws = facts[tongue.say("How sure")], say_laws(change.citations)
    return tongue.say("{label}: {value}", label=sure, value=laws) if laws else sure


def _say_why(tongue: Tongue, one: Member) -> str:
    reasons = [f"{told.name}: {say_reason(tongue, told.reason)}" for told in one.matched[:1]]
    said = shorten("".join(reasons), SAID_QUOTE)
    more = len(one.matched) - 1
    if more <= 0:
        return said
    return tongue.count("{reason}; and {n} more", "{reason}; and {n} more", more, reason=said)
