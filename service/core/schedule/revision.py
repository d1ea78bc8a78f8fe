"""From one revision of the schedule to the next: the events that say what differs.

Each has an identity made of its subject, its day and its content, so that the same revision loaded
twice is the same events, whatever was interrupted in between.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from service.core.duty import Duty, points_between
from service.core.event import Action, Origin, Product
from service.core.moment import Moment, read_moment
from service.core.schedule.measures import PREFIX, PROGRAMMES, ScheduleMeasure

SOURCE = "urn:tariffwire:us-hts"
IMPORTER = "US"
ZONE = "America/New_York"
KEYS = f"measure:{PREFIX}"
"""How the subjects of a loaded schedule begin."""

FEW_LINES = 20
FEW_SHARE = 0.05
"""A revision that ends more than both of the lines that stand is asked about."""

_STANDS = frozenset({"in_force", "provisional", "suspended"})


@dataclass(frozen=True, slots=True)
class Revision:
    """Its name, the day from which it holds, and the day since which it is known."""

    name: str
    effective: date
    known: date


def read_held(item: Mapping[str, Any]) -> ScheduleMeasure | None:
    """A measure as the books have it, from the API's words; None where it does not stand."""
    if not item["subject"].startswith(KEYS) or item["programme"] not in PROGRAMMES:
        return None
    if item["status"] not in _STANDS or item["duty"] is None:
        return None
    figures = {name: value for name, value in item["duty"].items() if name != "said"}
    end = read_moment(item["expires_at"]) if item["expires_at"] else None
    return ScheduleMeasure(
        item["key"],
        item["programme"],
        Origin.model_validate(item["origin"]),
        Product.model_validate(item["product"]),
        Duty.model_validate(figures),
        end.day_in(ZONE) if end else None,
    )


Book = Mapping[str, ScheduleMeasure]
"""Measures by key."""


def on_lines_of(held: Book, wanted: Book) -> dict[str, ScheduleMeasure]:
    """What is held of the lines that are wanted: of a part of the schedule, the rest stays."""
    lines = {one.line for one in wanted.values()}
    return {key: one for key, one in held.items() if one.line in lines}


def lost_lines(held: Book, wanted: Book) -> list[str]:
    """The lines that would end, where they are so many that this is no whole schedule.

    A revision ends a few; what ends whole chapters is a part of an export, or one cut short.
    """
    lines = {one.line for one in held.values()}
    lost = sorted(lines - {one.line for one in wanted.values()})
    return lost if len(lost) > max(FEW_LINES, len(lines) * FEW_SHARE) else []


def steps_between(
    held: Book,
    wanted: Book,
    revision: Revision,
) -> Iterator[dict[str, Any]]:
    """What begins, what differs, and what is there no more; in the order of keys."""
    for key in sorted(held.keys() | wanted.keys()):
        before, after = held.get(key), wanted.get(key)
        if after is None and before is not None:
            yield _event(before, Action.TERMINATED, revision)
        elif after is not None and not _is_same(before, after):
            yield _event(after, _action(before, after), revision)


def _is_same(before: ScheduleMeasure | None, after: ScheduleMeasure) -> bool:
    """An end that a later revision has told is no difference on the day of this one."""
    if before is None:
        return False
    return before == (after if after.expires else replace(after, expires=before.expires))


def _action(before: ScheduleMeasure | None, after: ScheduleMeasure) -> Action:
    if before is None:
        return Action.IMPOSED
    points = points_between(before.duty, after.duty)
    if not points:
        return Action.AMENDED
    return Action.INCREASED if points > 0 else Action.DECREASED


def _event(measure: ScheduleMeasure, action: Action, revision: Revision) -> dict[str, Any]:
    data = _data(measure, action, revision)
    said = json.dumps(data, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    known = Moment.of_day(revision.known, ZONE).at.isoformat()
    return {
        "specversion": "1.0",
        "id": f"{measure.key}/{revision.effective.isoformat()}/{digest}",
        "source": SOURCE,
        "type": "tariff.measure",
        "time": known,
        "knownfrom": known,
        "handling": "history",
        "data": data,
    }


def _data(measure: ScheduleMeasure, action: Action, revision: Revision) -> dict[str, Any]:
    ends = action is Action.TERMINATED
    found: dict[str, Any] = {
        "importer": IMPORTER,
        "measure": measure.key,
        "origin": measure.origin.model_dump(mode="json", exclude_defaults=True),
        "product": measure.product.model_dump(mode="json", exclude_defaults=True),
        "programme": measure.programme,
        "action": action.value,
        "certainty": "instrument",
        "announced_at": revision.known.isoformat(),
        "effective_at": revision.effective.isoformat(),
        "instrument": {"kind": "other", "number": revision.name},
        "citations": [{"kind": "hts_heading", "number": measure.heading}],
    }
    if not ends:
        found["duty"] = measure.duty.model_dump(mode="json", exclude_defaults=True)
    if measure.expires and not ends:
        found["expires_at"] = measure.expires.isoformat()
    return found
