"""What relations leave of the measures that apply: who gives way to whom, and on what law."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from service.core.duty import Basis
from service.core.rates.bearing.applying import Applied, Charge
from service.core.rates.bearing.sighting import Sighted
from service.core.rates.facts import Facts
from service.core.rates.rules.relations import Kind, Relation

ALL = Decimal(100)


@dataclass(frozen=True, slots=True)
class Edge:
    """`by` takes out `of`; `share` names the fact that says on what part of the value."""

    by: str
    of: str
    relation: str
    citation: str
    share: str | None = None


@dataclass(slots=True)
class Owed:
    """A charge that stands. `share`: on so many percent of the value; None: not known.

    `taken` is what its own share would be where it takes out others on a share alone.
    """

    charge: Charge
    share: Decimal | None = ALL
    needs: list[str] = field(default_factory=list)
    stacks: tuple[str, ...] = ()
    taken: Decimal | None = ALL


@dataclass(frozen=True, slots=True)
class Related:
    """What is owed, what gave way to what, and measures that relations set against each other."""

    owed: list[Owed]
    gone: list[tuple[Charge, Edge]]
    torn: list[str]


def relate(applied: Applied, relations: Sequence[Relation], facts: Facts) -> Related:
    """Whoever is owed takes out those it replaces or excludes; who is out takes out nobody.

    Goods that are let off a measure (though not those that only were on their way) are let off
    what it replaces, too.
    """
    charged = [one.of for one in applied.charges]
    stacking = _stacking(charged, relations)
    edges = [one for one in _edges(applied, relations) if (one.by, one.of) not in stacking]
    edges.sort(key=_place)
    whole = [one for one in edges if one.share is None]
    gone, torn = _settle([one.key for one in charged], whole)
    owed = {
        one.of.key: Owed(one, stacks=tuple(_stacks(one.of.key, gone, stacking)))
        for one in applied.charges
        if one.of.key not in gone
    }
    for edge in edges:
        if edge.share and edge.by in owed and edge.of in owed:
            _share(owed, edge, facts.number(edge.share))
    by_key = {one.of.key: one for one in applied.charges}
    left = [(by_key[key], edge) for key, edge in gone.items()]
    used_up = [one for one in edges if one.share and one.of in owed and owed[one.of].share == 0]
    left += [(owed.pop(one.of).charge, one) for one in used_up if one.of in owed]
    return Related(list(owed.values()), left, torn)


def _place(edge: Edge) -> tuple[str, str]:
    return (edge.of, edge.by)


def _edges(applied: Applied, relations: Sequence[Relation]) -> Iterator[Edge]:
    """Between those that apply, and from those that the goods are let off."""
    charged = [one.of for one in applied.charges]
    let_off = [one.of for one in applied.let_off if one.relation == Kind.RELIEF_OF]
    for rule in relations:
        if rule.kind in {Kind.REPLACES, Kind.EXCLUDES}:
            acting = [*charged, *let_off] if rule.kind is Kind.REPLACES else charged
            for one, other in _pairs(rule, acting, charged):
                yield Edge(one.key, other.key, rule.kind, rule.citation, rule.share)
    for one in filter(_is_in_lieu, [*charged, *let_off]):
        for other in charged:
            if other.programme == one.programme and other.origin.kind == "all":
                yield Edge(one.key, other.key, Kind.REPLACES, one.law)


def _pairs(
    rule: Relation, acting: Sequence[Sighted], charged: Sequence[Sighted]
) -> Iterator[tuple[Sighted, Sighted]]:
    others = [one for one in charged if rule.is_about(one.key, one.programme)]
    for one in acting if others else ():
        if rule.is_of(one.key, one.programme):
            yield from ((one, other) for other in others if other.key != one.key)


def _is_in_lieu(one: Sighted) -> bool:
    """By its own words it stands in the place of its programme's rate for all origins."""
    return (
        one.origin.kind != "all"
        and one.duty is not None
        and one.duty.basis is Basis.ADDITIONAL_IN_LIEU
    )


def _stacking(
    charged: Sequence[Sighted], relations: Sequence[Relation]
) -> dict[tuple[str, str], list[str]]:
    """Laws by which two are both owed, for each of the two."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule in relations:
        if rule.kind is Kind.STACKS_WITH:
            for one, other in _pairs(rule, charged, charged):
                found.setdefault((one.key, other.key), []).append(rule.citation)
                found.setdefault((other.key, one.key), []).append(rule.citation)
    return found


def _stacks(
    key: str, gone: Mapping[str, Edge], stacking: Mapping[tuple[str, str], list[str]]
) -> Iterable[str]:
    """Laws that say that it is owed beside another that is."""
    pairs = (laws for (one, other), laws in stacking.items() if one == key and other not in gone)
    return dict.fromkeys(law for laws in pairs for law in laws)


def _settle(keys: Sequence[str], edges: Sequence[Edge]) -> tuple[dict[str, Edge], list[str]]:
    """Who is out, and by what. Those that take each other out in a circle stay, and are named."""
    owed: set[str] = set()
    gone: dict[str, Edge] = {}
    against = {key: [one for one in edges if one.of == key] for key in keys}
    known = set(keys)
    pending = list(keys)
    while pending:
        left = []
        for key in pending:
            out = next((one for one in against[key] if one.by in owed or one.by not in known), None)
            if out:
                gone[key] = out
            elif all(one.by in gone for one in against[key]):
                owed.add(key)
            else:
                left.append(key)
        if len(left) == len(pending):
            return gone, left
        pending = left
    return gone, []


def _share(owed: dict[str, Owed], edge: Edge, told: Decimal | None) -> None:
    """The one that acts takes its share of the value, the other what is left."""
    of, by = owed[edge.of], owed[edge.by]
    by.taken = told
    if told is None:
        of.share = None
        of.needs.append(edge.share or "")
    elif of.share is not None:
        of.share = min(of.share, ALL - told)
