"""A few made-up measures of the US on goods of China, and what is owed under them."""

import json
from datetime import UTC, datetime

from service.core.rates import Dossier, Facts, Question, rates_owed, read_rules
from service.core.rates.facts import read_fact
from service.core.standing import Entry, History
from tests.core.builders import measure, on, read

KNOWN = on("2024-12-01")
AT = on("2025-06-15T12:00")
COVER = {"id": "all", "importer": "US", "from": "2020-01-01", "until": "2030-01-01"}


def rules_of(*relations, gaps=(), covers=(COVER,), undivided=None):
    """A file with nothing of ours in it."""
    numbered = [
        {"id": f"r{place}", "from": "2025-01-01", "citation": f"law {place}"} | one
        for place, one in enumerate(relations)
    ]
    unknown = [
        {"id": f"g{place}", "importer": "US", "from": "2025-01-01", "citation": "law", "text": "…"}
        | one
        for place, one in enumerate(gaps)
    ]
    given = {"relations": numbered, "gaps": unknown, "covers": list(covers)}
    return read_rules(json.dumps(given | {"undivided": undivided or {}}), "test.json")


def dossier(key, *steps, known=KNOWN, **fields):
    """A measure imposed on 1 January 2025, with later steps: (action, fields)."""
    events = [("imposed", {"effective_at": "2025-01-01T00:00:00+00:00"} | fields), *steps]
    entries = []
    for number, (action, more) in enumerate(events):
        same = {name: fields[name] for name in ("origin", "product", "programme") if name in fields}
        given = {"measure": key, "programme": key} | same | more
        event = read(measure(f"{key}-{number}", action, **given))
        entries.append(Entry(event, known, known))
    return Dossier(History(f"measure:{key}", tuple(entries)))


def codes(*include, nomenclature="HTS", **fields):
    return {"scope": "codes", "include": list(include), "nomenclature": nomenclature} | fields


def owe(*dossiers, rules=None, code="950300", of="HTS", at=AT, known=AT, origin="CN", **told):
    """All there is to say, by facts written as people write them."""
    question = Question("US", origin, code, of, at, known)
    facts = {name: read_fact(name, text, "US") for name, text in told.items()}
    return rates_owed(question, dossiers, Facts(facts), rules or rules_of())


def only(rates):
    """The one answer."""
    (answer,) = rates.answers
    return answer


def amounts(answer):
    return {
        one.measure: None if one.pct is None else format(one.pct.normalize(), "f")
        for one in answer.lines
    }


def gone(answer):
    return {one.measure: (one.relation, one.by) for one in answer.excluded}


def instant(text):
    return datetime.fromisoformat(text).astimezone(UTC)
