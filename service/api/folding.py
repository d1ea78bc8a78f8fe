"""Folding many subjects for a question: how many at most, and how a standing is matched."""

from datetime import datetime

from service.core.change import Change, Kind, Severity, change_id
from service.core.event import Action, Handling, Measure
from service.core.match import Facts, facts_of
from service.core.standing import MeasureStanding

LOOKED_AT = 2_000
"""Subjects folded for one question."""

A_TURN = 100
"""Subjects folded between two turns of the loop."""


def facts_now(held: MeasureStanding, now: datetime) -> Facts:
    """A standing looked at as the change it would be to someone who knew nothing of it."""
    about = Measure(
        importer=held.importer,
        origin=held.origin,
        product=held.product,
        programme=held.programme,
        action=Action.IMPOSED,
        certainty=held.certainty,
    )
    change = Change(
        id=change_id(("", ""), held.subject),
        subject=held.subject,
        sequence=0,
        previous=None,
        kinds=(Kind.MEASURE_ANNOUNCED,),
        severity=Severity.INFO,
        mode=Handling.LIVE,
        certainty=held.certainty,
        event=("", ""),
        event_type="tariff.measure",
        about=about,
        assessment=None,
        before=None,
        after=held,
        old=None,
        new=held.duty,
        delta_pp=None,
        announced_at=None,
        effective_at=None,
        moved_from=None,
        until=held.until,
        retroactive=False,
        days=None,
        known_at=now,
        seen_at=now,
        citations=held.citations,
        evidence=(),
    )
    return facts_of(change)
