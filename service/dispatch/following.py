"""Who was told of the first is told of the second, whether or not the second is theirs to hear.

`core/match/following.py` says which changes speak of earlier ones, and why somebody is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.change import Change, read_change
from service.core.event import Handling
from service.core.match import Match
from service.core.match.following import follow, followed_by
from service.core.sending.delivery import delivery_id
from service.core.sending.steering import REPLAYED
from service.store.following.candidates import Candidate
from service.store.following.followers import (
    find_changes_of,
    find_made,
    is_being_planned,
    list_behind,
    list_reached,
    read_told,
)

Pair = tuple[str, str]
"""(destination, subscription)"""


@dataclass(frozen=True, slots=True)
class Followers:
    """Who must be told, and why, however the change matches by itself."""

    candidates: Sequence[Candidate] = ()
    reasons: Mapping[Pair, Match] = field(default_factory=dict)


NOBODY = Followers()


async def find_firsts(session: AsyncSession, change: Change) -> list[Change]:
    """The changes of which this one speaks; a test speaks of tests alone, and they of it."""
    events = followed_by(change)
    bodies = await find_changes_of(session, events) if events else []
    firsts = map(read_change, bodies)
    return [one for one in firsts if _is_test(one) == _is_test(change)]


async def must_wait(
    session: AsyncSession, change: Change, number: int, taken: AbstractSet[UUID]
) -> bool:
    """Whether what it speaks of is not planned to the end: who is told of that is not known yet.

    `taken` are planned in this turn, and not written yet.
    """
    firsts = [one.id for one in await find_firsts(session, change)]
    if not firsts:
        return False
    return not taken.isdisjoint(firsts) or await is_being_planned(session, firsts, number)


def _is_test(change: Change) -> bool:
    return change.mode is Handling.TEST


async def find_reached(session: AsyncSession, firsts: Sequence[Change], limit: int) -> list[str]:
    """Destinations that may have been told of them; `limit` at most."""
    return await list_reached(session, [one.id for one in firsts], limit) if firsts else []


async def find_followers(
    session: AsyncSession, change: Change, firsts: Sequence[Change], among: Iterable[str]
) -> Followers:
    """Those of the destinations who were told of one of the `firsts`, or are about to be.

    By the subscriptions that still are, and still tell them; by none where a person told them.
    """
    known = {one.id: one for one in firsts}
    alerts = [delivery_id(to, str(one.id)) for to, one in product(among, firsts)]
    told = await read_told(session, alerts) if alerts else []
    reasons: dict[Pair, Match] = {}
    for row in told:
        why = follow(change, known[row.change_id], row.created_at)
        for one in orjson.loads(row.matched):
            reasons.setdefault((row.destination_id, one["subscription"]), why)
    return Followers(await _find_candidates(session, told, reasons), reasons) if told else NOBODY


async def _find_candidates(
    session: AsyncSession, told: Sequence[Any], reasons: Mapping[Pair, Match]
) -> list[Candidate]:
    named = {subscription for _, subscription in reasons}
    behind = await list_behind(session, named, {row.destination_id for row in told})
    found = {pair_of(one): one for one in behind if pair_of(one) in reasons}
    for row in told:
        if (row.destination_id, REPLAYED) in reasons:
            by_hand = _by_hand(row)
            found[pair_of(by_hand)] = by_hand
    return [found[pair] for pair in sorted(found)]


def pair_of(one: Candidate) -> Pair:
    """Whom it tells, and for what."""
    return (one.destination_id, one.subscription_id)


def _by_hand(row: Any) -> Candidate:
    """A person sent the first, so no subscription has to be there."""
    return Candidate(
        destination_id=row.destination_id,
        account_id=row.account_id,
        subscription_id=REPLAYED,
        name=REPLAYED,
        external_id=None,
        rule="",
        labels="{}",
        details="{}",
        steps="",
    )


async def pass_over_told(
    session: AsyncSession, change: UUID, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """Without those who have an alert of it: what speaks of another may be planned again."""
    named = {one.destination_id: delivery_id(one.destination_id, str(change)) for one in candidates}
    made = await find_made(session, list(named.values())) if named else set()
    return [one for one in candidates if named[one.destination_id] not in made]


def merge(candidates: Sequence[Candidate], followers: Followers) -> list[Candidate]:
    """Each once, by destination and subscription."""
    if not followers.candidates:
        return list(candidates)
    found = {pair_of(one): one for one in (*followers.candidates, *candidates)}
    return [found[pair] for pair in sorted(found)]
