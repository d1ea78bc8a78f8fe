"""Several changes told in one: what waited for an hour, or for others of its law."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from service.core.change import Change, Severity
from service.core.event import Handling, Measure
from service.core.message.body import Addressed, Prepared, Told
from service.core.message.contents import BANNERS, MARKS, SAID_LINE, SAID_QUOTE, contents_of
from service.core.message.letter import TONES, Doors, Letter, render
from service.core.message.phrase import cite, say_date, say_laws, shorten
from service.core.message.sentence import headline
from service.core.message.shorten import SAID_PATHS, fit
from service.core.message.snapshot import counted, text_of

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

    `severities` count all of them, the ones that are not listed among them.
    """

    cause: str
    severities: Mapping[str, int]
    members: tuple[Member, ...]
    made_at: datetime

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
        part, cut = fit(_tell(one, delivery), CHANGE_BYTES, f"changes[{place}].")
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
            "summary": f"{_head(bundle)}: {_say_worst(bundle)}",
            "delivery": str(delivery.delivery_id),
            "caused_by": bundle.cause,
            "mode": bundle.mode.value,
            "count": bundle.count,
            "severities": _in_order(bundle.severities),
            **counted("changes", listed, bundle.count),
            "href": _whole(delivery),
            **({"shortened": shortened[:SAID_PATHS]} if shortened else {}),
        },
    }


def _tell(one: Member, delivery: Addressed) -> dict[str, Any]:
    reasons = [
        {
            "subscription": told.subscription,
            "name": told.name,
            "external_id": told.external_id,
            "reason": told.reason,
        }
        for told in one.matched[:MOST_REASONS]
    ]
    return {
        "delivery": str(one.delivery_id),
        "previous_alert": text_of(one.previous_alert),
        **{name: one.prepared.data[name] for name in _KEPT},
        "summary": one.prepared.summaries[0 if one.told_before else 1],
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
    many = f"{bundle.count} tariff change{'' if bundle.count == 1 else 's'}"
    kind, _, about = bundle.cause.partition(":")
    if kind == "digest":
        return f"{many} in your digest of {say_date(date.fromisoformat(about))}"
    if kind == "instrument":
        return f"{many} by {cite(bundle.members[0].change.citations[0])}"
    return many + (" from your quiet hours" if kind == "quiet" else " beyond your hourly limit")


def _say_worst(bundle: Bundle) -> str:
    return headline(bundle.members[0].change)


def _say_severities(bundle: Bundle) -> str:
    """As "2 critical, 3 high, 2 medium"."""
    return ", ".join(f"{many} {name}" for name, many in _in_order(bundle.severities).items())


def _subject(bundle: Bundle) -> str:
    many = f"{bundle.count} tariff change{'' if bundle.count == 1 else 's'}"
    if bundle.cause.startswith("instrument:"):
        many += f" by {cite(bundle.members[0].change.citations[0])}"
    critical = bundle.severities.get(Severity.CRITICAL.value)
    urgent = f", {critical} critical" if critical else ""
    return f"{MARKS.get(bundle.mode, '')}{many}{urgent}: {_say_worst(bundle)}"


def digest_letter(
    bundle: Bundle, addressed: Addressed, pages: Mapping[UUID, str], doors: Doors | None = None
) -> Letter:
    """For one reader; `pages` are where to read on, by change."""
    shown = bundle.members[:MOST_IN_MAIL]
    subject = shorten(_subject(bundle), SAID_LINE)
    view = {
        "subject": subject,
        "banner": BANNERS.get(bundle.mode, ""),
        "head": _head(bundle),
        "severities": _say_severities(bundle),
        "rows": [_row(one, pages[one.change.id]) for one in shown],
        "more": bundle.count - len(shown),
        "href": _whole(addressed),
        "doors": doors,
        "thread": f"Alert {addressed.delivery_id}, for {bundle.cause}.",
    }
    return Letter(subject, *render("digest", view))


def _row(one: Member, page: str) -> Mapping[str, str]:
    contents = contents_of(one.change, told_before=one.told_before)
    facts = dict(contents.facts)
    laws = say_laws(one.change.citations)
    undated = "date not stated" if isinstance(one.change.about, Measure) else ""
    more = len(one.matched) - 1
    reasons = [f"{told.name}: {told.reason}" for told in one.matched[:1]]
    return {
        "severity": contents.severity,
        "tone": TONES[contents.severity],
        "headline": headline(one.change),
        "note": f"{facts['How sure']}: {laws}" if laws else facts["How sure"],
        "when": facts.get("Takes effect") or facts.get("On") or undated,
        "why": shorten("".join(reasons), SAID_QUOTE) + (f"; and {more} more" if more > 0 else ""),
        "page": page,
    }
