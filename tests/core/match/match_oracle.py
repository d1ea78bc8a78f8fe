"""A second way to say who is told: goods as concrete triples, sets instead of prefixes.

The universe is tiny: six countries, a customs union that one of them left, and a few dozen
articles. Every level of the tariff holds an article that no code here names, so that no list of
exceptions ever swallows what lies above it.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from service.core.change.derive import weigh
from service.core.codes import country_phrase, format_product
from service.core.event import NegotiationStep, read_event
from service.core.standing.history import Entry, History

SEEN = datetime(2025, 4, 2, 12, tzinfo=UTC)
BREXIT = date(2020, 2, 1)
COUNTRIES = ("US", "CN", "VN", "GB", "DE", "FR")
PSEUDO = "TRANSSHIPPED"
SUBHEADINGS = ("870323", "870324", "870410", "871110", "940161", "940171", "940310", "010121")
ARTICLES = [
    {"HTS": code + ours, "CN": code + theirs}
    for code, ours, theirs in product(SUBHEADINGS, ("0110", "0190", "9900"), ("1000", "9000"))
] + [{of: code} for of in ("HTS", "CN") for code in ("9902010000", "9903012500", "9903017700")]
VAGUE = ("described", "unknown")


def change_of(*steps):
    """The change that the last of these events (`data`, or claims on the first) makes."""
    history, change = History("measure:probe"), None
    for number, data in enumerate(steps):
        event = read_event(
            {"specversion": "1.0", "id": f"e{number}", "source": "https://oracle.example"}
            | {"type": _type_of(data), "data": data}
        )
        entry = Entry(event, SEEN.replace(second=number), SEEN.replace(second=number))
        if isinstance(event.data, NegotiationStep):
            history = History("track:probe", history.entries)
        change = weigh(entry, history).change
        history = History(history.subject, (*history.entries, entry))
    assert change is not None
    return change


def measure(**changed):
    """Data of a `tariff.measure`: ten percent by the US on everything of everyone."""
    return {
        "importer": "US",
        "origin": {"kind": "all"},
        "product": {"scope": "all"},
        "programme": "S122",
        "action": "imposed",
        "certainty": "instrument",
        "duty": percent(10),
        "effective_at": "2025-06-01",
    } | changed


def percent(amount):
    """An ad valorem duty."""
    return {"components": [{"kind": "ad_valorem", "amount": str(amount)}]}


def talks(*codes, **changed):
    """Data of a `negotiation.step`; None stands for a crowd without names."""
    parties = [{"code": code, "role": "counterpart"} for code in codes]
    return {"parties": parties, "stage": "under_way", "certainty": "reported"} | changed


def _type_of(data):
    if "parties" in data:
        return "negotiation.step"
    return "claim.assessed" if "verdict" in data else "tariff.measure"


class Told(NamedTuple):
    """What a match must be, and words its reason must hold."""

    lane: int
    possible: bool
    six_digits: bool
    yours: frozenset
    words: frozenset


class Silent(NamedTuple):
    """The settings that stop it, one a lane (or the one that stops them all)."""

    settings: tuple


def judge(change, rule, told_pp=None):
    """`Told` or `Silent`."""
    stopped = _stopped_outright(change, rule, told_pp)
    if stopped:
        return Silent((stopped,))
    found = [_judge_lane(change, number, lane, rule) for number, lane in enumerate(rule.lanes, 1)]
    told = sorted((one for one in found if isinstance(one, Told)), key=lambda one: one.possible)
    return told[0] if told else Silent(tuple(found))


def is_on_something(change):
    """Whether any article of any country is touched: exceptions may have eaten it all."""
    return isinstance(change.about, NegotiationStep) or bool(_touched(change))


def is_found(rows, net):
    """Whether one of the rows is caught, as SQL will ask it."""
    return any(_is_caught(row, net) for row in rows)


def _is_caught(row, net):
    if row.layer == "subject":
        return row.subject == net.subject
    if row.layer != net.layer or row.importer not in net.importers:
        return False
    if row.layer == "track":
        return row.origin in net.origins
    if net.origins is not None and row.origin not in net.origins:
        return False
    listed = net.codes is None or row.code in net.codes
    below = any(row.code.startswith(block) for block in net.blocks)
    return listed or below or (net.possible_only and row.possible)


def _stopped_outright(change, rule, told_pp):
    if rule.kinds and set(rule.kinds).isdisjoint(change.kinds):
        return "kinds"
    if rule.min_certainty and rule.min_certainty.strength > change.certainty.strength:
        return "min_certainty"
    if change.delta_pp is not None and rule.min_delta_pp is not None:
        known = change.new.percent if change.new else None
        moved = change.delta_pp if told_pp is None or known is None else known - told_pp
        if not (moved >= rule.min_delta_pp or moved <= -rule.min_delta_pp):
            return "min_delta_pp"
    talked = isinstance(change.about, NegotiationStep)
    return None if talked or rule.blanket or change.about.origin.members else "blanket"


def _judge_lane(change, number, lane, rule):
    if isinstance(change.about, NegotiationStep):
        return _judge_talks(change, number, lane)
    if lane.party:
        return "party"
    left = _touched(change)
    for setting, keeps in _settings(change, lane):
        left = {triple for triple in left if keeps(triple)}
        if not left:
            return setting
    return _judge_goods(change, number, lane, rule, left)


def _judge_talks(change, number, lane):
    for setting in ("product", "programmes", "measures"):
        if getattr(lane, setting):
            return setting
    on, words = _day(change), set()
    present = [_countries(party.code, on) for party in change.about.parties if party.code]
    for setting in ("country", "importer", "origin", "party"):
        asked = getattr(lane, setting)
        if asked and all(_countries(asked, on).isdisjoint(party) for party in present):
            return setting
        words |= {country_phrase(asked)} if asked else set()
    return Told(number, False, False, frozenset(), frozenset(words))


def _settings(change, lane):
    on, about = _day(change), change.about
    if lane.importer:
        yield "importer", lambda triple: triple[0] in _countries(lane.importer, on)
    if lane.origin:
        yield "origin", lambda triple: triple[1] in _countries(lane.origin, on)
    if lane.country:
        yield "country", lambda triple: not _countries(lane.country, on).isdisjoint(triple[:2])
    if lane.programmes:
        yield "programmes", lambda _: about.programme in lane.programmes
    if lane.measures:
        yield "measures", lambda _: change.subject in {f"measure:{key}" for key in lane.measures}


def _judge_goods(change, number, lane, rule, left):
    vague = change.about.product.scope in VAGUE and lane.product is not None
    if vague and not rule.possible:
        return "product"
    wanted = _wanted(lane.product)
    touched = {article for _, _, article in left}
    yours = frozenset(code for code, articles in wanted.items() if articles & touched)
    if lane.product and not yours:
        return "product"
    six = any(_is_crossing(change.about.product, lane.product, code) for code in yours)
    return Told(number, vague, six, yours, _words(change, lane, yours, vague))


def _words(change, lane, yours, vague):
    asked = {lane.country, lane.importer, lane.origin} - {None}
    words = {country_phrase(code) for code in asked}
    words |= {change.about.programme} if lane.programmes else set()
    words |= {"only described"} if vague else set()
    first = next((code for code in lane.product.codes if code in yours), None) if yours else None
    return frozenset(words | ({format_product(first)} if first and not vague else set()))


def _wanted(lane):
    """The articles that each code of a lane stands for, without what the lane excepts."""
    if lane is None:
        return {}
    gone = _articles(lane.excluded, lane.nomenclature)
    return {code: _articles([code], lane.nomenclature) - gone for code in lane.codes}


def _is_crossing(theirs, lane, code):
    """Whether the code only shares articles with listed ones: none holds all of the other."""
    if theirs.scope != "codes":
        return False
    gone = _articles(theirs.excluded, theirs.nomenclature)
    gone |= _articles(lane.excluded, lane.nomenclature)
    own = _articles([code], lane.nomenclature)
    listed = [_articles([other], theirs.nomenclature) for other in theirs.include]
    shared = [articles for articles in listed if articles & own - gone]
    return not any(articles <= own or articles >= own for articles in shared)


def _touched(change):
    """Every (importer, origin, article) that a measure is on."""
    about, on = change.about, _day(change)
    importers = _countries(about.importer, on)
    origins = _join(about.origin.members, on) - _join(about.origin.excluded, on)
    if about.origin.kind == "all":
        origins = set(COUNTRIES) - _join(about.origin.excluded, on) - importers
    goods = about.product
    listed = goods.include if goods.scope == "codes" else None
    articles = _articles(listed, goods.nomenclature) - _articles(goods.excluded, goods.nomenclature)
    return set(product(importers, origins, articles))


def _join(codes, on):
    return set().union(*(_countries(code, on) for code in codes))


def _countries(code, on):
    if code != "EU":
        return {code}
    return {"DE", "FR", "GB"} if on < BREXIT else {"DE", "FR"}


def _articles(codes, nomenclature):
    """Numbers of the articles under any of the codes; None stands for no limit."""
    return {
        number
        for number, article in enumerate(ARTICLES)
        if codes is None or any(_is_under(article, code, nomenclature) for code in codes)
    }


def _is_under(article, code, nomenclature):
    if nomenclature is None:  # two, four or six digits, common to all
        return any(line.startswith(code) for line in article.values())
    return article.get(nomenclature, "").startswith(code) or (
        len(article) > 1 and len(code) <= 6 and article["HTS"].startswith(code)
    )


def _day(change):
    stated = None if isinstance(change.about, NegotiationStep) else change.about.effective_at
    return stated.day if stated else SEEN.date()


TOLD_RATES = (None, Decimal(8), Decimal(10), Decimal(12))
