"""What stands now in the lanes of a rule: shown to who subscribes, for no alert will repeat it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from service.api.desk import Desk
from service.api.folding import A_TURN, LOOKED_AT, facts_now
from service.core.match import Facts, Match, match
from service.core.match.subscription import Rule
from service.core.schedule import KEYS
from service.core.shapes import as_json
from service.core.standing import MeasureStanding, standing
from service.store.spans import Span
from service.store.standings.subjects import MEASURES, histories_of, last_event, list_subjects

SHOWN = 50

_PRESENT = frozenset({"in_force", "provisional", "scheduled", "suspended", "threatened"})


@dataclass(slots=True)
class Present:
    """What is present at one minute by one state of the books, ready to be matched."""

    known: tuple[int, datetime] | None = None
    facts: list[tuple[MeasureStanding, Facts]] = field(default_factory=list)
    is_cut: bool = False


class InForce:
    """Folds the books once for many subscriptions: again when an event or a minute has passed."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is folded before the first question."""
        self._desk = desk
        self._present = Present()
        self._turn = asyncio.Lock()

    async def find(self, rule: Rule) -> dict[str, Any]:
        """Up to `SHOWN` standings that match, and how many there are in all."""
        now = self._desk.clock()
        async with self._turn:  # who comes meanwhile uses what was folded
            present = await self._fold(now)
        # What stands is new to a subscriber whatever kind of step led to it.
        asked = rule.model_copy(update={"kinds": (), "min_delta_pp": None})
        found: list[dict[str, Any]] = []
        count = 0
        for held, facts in present.facts:
            met = match(facts, asked)
            if isinstance(met, Match):
                count += 1
                if count <= SHOWN:
                    found.append(_as_json(held, met))
        complete = not present.is_cut and count <= SHOWN
        return {"at": now.isoformat(), "count": count, "complete": complete, "items": found}

    async def _fold(self, now: datetime) -> Present:
        async with self._desk.db.read() as session:
            known = (await last_event(session), now.replace(second=0, microsecond=0))
            if self._present.known == known:
                return self._present
            # A loaded schedule has a rate for every line: it would hide all that is special.
            subjects = await list_subjects(
                session, MEASURES, Span(None, LOOKED_AT + 1), without=KEYS
            )
            present = Present(known, is_cut=len(subjects) > LOOKED_AT)
            keys = [one.key for one in subjects[:LOOKED_AT]]
            for start in range(0, len(keys), A_TURN):
                histories = await histories_of(session, keys[start : start + A_TURN])
                for history in histories.values():
                    held = standing(history, now, now)
                    if isinstance(held, MeasureStanding) and held.status in _PRESENT:
                        present.facts.append((held, facts_now(held, now)))
                await asyncio.sleep(0)
        self._present = present
        return present


async def _find(request: Request) -> InForce:
    present: InForce = request.app.state.in_force
    return present


AtPresent = Annotated[InForce, Depends(_find)]


def _as_json(held: MeasureStanding, met: Match) -> dict[str, Any]:
    return {
        "subject": held.subject,
        "importer": held.importer,
        "origin": as_json(held.origin),
        "programme": held.programme,
        "status": held.status,
        "certainty": held.certainty.value,
        "duty": as_json(held.duty),
        "applied": as_json(held.applied),
        "effective_at": as_json(held.effective_at),
        "until": as_json(held.until),
        "why": met.reason,
        "possible": met.possible,
        "six_digits": met.six_digits,
        "href": f"/v1/measures/{held.subject.removeprefix(MEASURES)}",
    }
