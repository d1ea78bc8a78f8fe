"""A page of a change's fan-out: who of its candidates is told, and the rows that say so."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Any

import orjson

from service.core.change import Change
from service.core.match import Facts, Match, Miss, match
from service.core.match.subscription import Rule
from service.core.message.concerned import concern_part
from service.core.sending.delivery import delivery_id
from service.core.sending.steering import told_percent
from service.core.sending.superseding import LATEST
from service.dispatch.concerned import Concerns, Matched, key_of
from service.dispatch.following import Pair, pair_of
from service.store.following.candidates import Candidate
from service.store.plans.fanouts import OpenFanout, Page

MOST_KEPT = 500
"""Codes of a receiver's own that an alert keeps: of a long catalogue the rest are counted."""

Answer = Match | Miss


@lru_cache(maxsize=16_384)
def read_rule(text: str) -> Rule:
    """A rule from the books; many subscriptions share one text."""
    return Rule.model_validate_json(text)


def cut_page(candidates: list[Candidate], most: int) -> tuple[list[Candidate], str, bool]:
    """The candidates of the first `most` destinations, the last of these, whether that is all."""
    destinations = list(dict.fromkeys(one.destination_id for one in candidates))
    if len(destinations) <= most:
        return candidates, destinations[-1] if destinations else "", True
    last = destinations[most - 1]
    return [one for one in candidates if one.destination_id <= last], last, False


def match_all(
    facts: Facts,
    candidates: Sequence[Candidate],
    told: Mapping[str, Decimal],
    followed: Mapping[Pair, Match],
) -> tuple[list[tuple[str, list[Matched]]], int]:
    """By destination the subscriptions that match; and how many destinations were looked at."""
    found: list[tuple[str, list[Matched]]] = []
    memo: dict[str, Answer] = {}
    looked_at = 0
    for destination, group in groupby(candidates, key=lambda one: one.destination_id):
        looked_at += 1
        asked = ((one, _ask(facts, one, told, memo)) for one in group)
        matched = [
            (one, met)
            for one, answer in asked
            if (met := answer if isinstance(answer, Match) else followed.get(pair_of(one)))
        ]
        if matched:
            found.append((destination, matched))
    return found, looked_at


def write_page(
    fanout: OpenFanout,
    found: Sequence[tuple[str, list[Matched]]],
    concerns: Concerns,
    looked_at: int,
) -> Page:
    """One delivery a destination, whatever the number of its subscriptions that match."""
    shared = _shared(fanout.change)
    alerts: list[dict[str, Any]] = []
    behind: list[list[str]] = []
    wants_latest = False
    for destination, matched in found:
        identity = delivery_id(destination, str(fanout.change.id))
        alerts.append(shared | _alert(identity, matched, concerns))
        behind.append([one.subscription_id for one, _ in matched])
        wants_latest = wants_latest or any(one.steps == LATEST for one, _ in matched)
    return Page(fanout, alerts, behind, looked_at=looked_at, wants_latest=wants_latest)


def _ask(
    facts: Facts, one: Candidate, told: Mapping[str, Decimal], memo: dict[str, Answer]
) -> Answer:
    """Equal rules get equal answers, unless what a destination was told matters."""
    if not one.rule:
        return _NO_RULE
    last = told.get(one.destination_id)
    if last is not None:
        return match(facts, read_rule(one.rule), last)
    if one.rule not in memo:
        memo[one.rule] = match(facts, read_rule(one.rule))
    return memo[one.rule]


_NO_RULE = Miss("a person told it of what this is about, and nobody subscribed")


def _shared(change: Change) -> dict[str, Any]:
    """What all alerts of a change have in common."""
    return {
        "change_id": change.id,
        "subject": change.subject,
        "told_pp": told_percent(change.new, change.mode),
        "cause": "",
    }


def _alert(identity: Any, matched: Sequence[Matched], concerns: Concerns) -> dict[str, Any]:
    first = matched[0][0]
    return {
        "id": identity,
        "account_id": first.account_id,
        "destination_id": first.destination_id,
        "matched": orjson.dumps([_reason(*pair, concerns) for pair in matched]),
    }


def _reason(one: Candidate, answer: Match, concerns: Concerns) -> dict[str, Any]:
    reason: dict[str, Any] = {
        "subscription": one.subscription_id,
        "name": one.name,
        "external_id": one.external_id,
        "labels": orjson.Fragment(one.labels),
        "metadata": orjson.Fragment(one.details),
        "lane": answer.lane,
        "reason": answer.reason,
        "possible": answer.possible,
        "six_digits": answer.six_digits,
        "yours": answer.yours[:MOST_KEPT],
    }
    if len(answer.yours) > MOST_KEPT:
        reason["yours_more"] = len(answer.yours) - MOST_KEPT
    if concern := concerns.get(key_of(one, answer)):
        reason["concerns"] = concern_part(concern)
    return reason
