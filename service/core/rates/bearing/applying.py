"""Which of the measures on these goods charge them, by the facts; what lets the others off."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.core.duty import Duty
from service.core.rates.bearing.goods import Hit
from service.core.rates.bearing.sighting import COLUMN_1, Relieving, Sighted
from service.core.rates.facts import EXEMPT, IN_SCOPE, Facts, fact_of
from service.core.rates.question import Question
from service.core.rates.rules.coverage import Gap
from service.core.rates.rules.relations import Kind, Relation, Relief, Window

IN_TRANSIT = "in_transit"
VOYAGE = timedelta(days=60)
"""So long is asked about a window without an end: those of 2025 that had one lasted 34 to 59."""
QUOTA = ("they are within the quota", "they are not within the quota")


@dataclass(frozen=True, slots=True)
class Charge:
    """A measure that is owed unless a relation takes it out."""

    of: Sighted
    duty: Duty | None


@dataclass(frozen=True, slots=True)
class LetOff:
    """A measure that these goods do not owe: by `relation`, on account of `by`, on this law."""

    of: Sighted
    relation: str
    by: str
    citation: str


@dataclass(frozen=True, slots=True)
class Applied:
    """Both, in the order of the measures' keys. `is_torn`: column 1 differs within the code."""

    charges: tuple[Charge, ...]
    let_off: tuple[LetOff, ...]
    is_torn: bool


def apply_facts(
    question: Question, sighted: Sequence[Sighted], relations: Sequence[Relation], facts: Facts
) -> Applied:
    """Raises `Undecided` where a fact is missing."""
    reliefs = [one for one in relations if one.kind is Kind.RELIEF_OF]
    asking = _Asking(question, {one.key: one for one in sighted}, reliefs, facts)
    charges: list[Charge] = []
    let_off: list[LetOff] = []
    is_torn = False
    for one in sighted:
        if not one.charges:
            continue
        if one.programme in COLUMN_1 and one.hit is not Hit.YES:
            is_torn = True
        elif asking.is_on(one):
            free = next(asking.reliefs_of(one), None)
            let_off += [free] if free else []
            charges += [] if free else [Charge(one, asking.duty_of(one))]
    return Applied(tuple(charges), tuple(let_off), is_torn)


@dataclass(frozen=True, slots=True)
class _Asking:
    question: Question
    by_key: dict[str, Sighted]
    reliefs: list[Relation]
    facts: Facts

    def is_on(self, one: Sighted) -> bool:
        """Whether the goods are its goods."""
        if not is_of_origin(one, self.facts):
            return False
        if one.hit is not Hit.YES and not self._is_in_scope(one):
            return False
        if one.product.condition and not self._holds(one.product.condition):
            return False
        return not one.has_quota or self.facts.is_so("in_quota", QUOTA)

    def _is_in_scope(self, one: Sighted) -> bool:
        said = (f"they are among the goods of {one.key}", f"they are not among those of {one.key}")
        return self.facts.is_so(IN_SCOPE + one.key, said, is_vague=True)

    def _holds(self, condition: str) -> bool:
        said = say_condition(condition)
        return self.facts.is_so(fact_of(condition), (f"{said} holds", f"{said} does not hold"))

    def duty_of(self, one: Sighted) -> Duty | None:
        """Its rate, or that of the exporter."""
        companies = one.companies
        if not companies:
            return one.duty
        name = self.facts.named("exporter", [company.name for company in companies])
        own = [company.duty for company in companies if company.name == name]
        return own[0] if own else one.duty

    def reliefs_of(self, one: Sighted) -> Iterator[LetOff]:
        """What lets the goods off, its own texts first."""
        for exemption in one.exemptions:
            if self._is_exempt(one, exemption):
                by = exemption.condition or EXEMPT + one.key
                yield LetOff(one, Kind.RELIEF_OF, by, exemption.law)
        begun = (pair for pair in one.windows if pair[0].at <= self.question.at)
        for start, window in begun:
            if self._is_under_way(window, is_own=start.at == _start(one)):
                yield LetOff(one, IN_TRANSIT, "loaded_at", one.law)
        for relation in self.reliefs:
            if relation.is_of(one.key, one.programme) and self._relieves(relation.relief):
                yield LetOff(one, _word(relation), _cause(relation), relation.citation)

    def _is_exempt(self, one: Sighted, exemption: Relieving) -> bool:
        if exemption.hit is not Hit.YES and not self._is_let_off_in_part(one.key):
            return False
        return exemption.condition is None or self._holds(exemption.condition)

    def _relieves(self, relief: Relief | None) -> bool:
        """Without one it is for the origins that the relation names."""
        if relief is None:
            return True
        is_near = not relief.codes or self.question.is_near(relief.codes)
        return is_near and self._is_met(relief)

    def _is_met(self, relief: Relief) -> bool:
        if relief.in_transit:
            return self._is_under_way(relief.in_transit, is_own=True)
        if relief.limit:
            told = self.facts.number(relief.limit.fact)
            return told is not None and told <= relief.limit.at_most
        if relief.let_off:
            return self._is_let_off(relief.let_off)
        condition = relief.condition or ""
        if relief.only_if_told:
            return self.facts.told.get(condition) is True
        return self._holds(condition)

    def _is_let_off(self, key: str) -> bool:
        """Whether another measure lets off goods with these codes, as its texts list them.

        Of a code that is let off in part it is asked; goods in words are left to that measure.
        """
        other = self.by_key.get(key)
        listed = [one.hit for one in other.exemptions if not one.condition] if other else []
        return Hit.YES in listed or (Hit.PART in listed and self._is_let_off_in_part(key))

    def _is_let_off_in_part(self, key: str) -> bool:
        said = (
            f"they are among the goods that are let off {key}",
            f"they are not among the goods that are let off {key}",
        )
        return self.facts.is_so(EXEMPT + key, said, is_vague=True)

    def _is_under_way(self, window: Window, *, is_own: bool) -> bool:
        """`is_own`: the window came with the rate that is charged now."""
        entered = self.facts.told.get("entered_at", self.question.at)
        end = window.entered_before.at if window.entered_before else None
        loaded = self.facts.told.get("loaded_at")
        if end is None:
            is_long_ago = self.question.at - window.loaded_before.at > VOYAGE
            if not is_own or (loaded is None and is_long_ago):
                return False
        elif not entered < end:  # type: ignore[operator] # an instant, as `read_fact` has it
            return False
        is_loaded = self.facts.is_loaded_before(window.loaded_before.at)
        return is_loaded and (not window.modes or self.facts.came_by(window.modes))


def _start(one: Sighted) -> object:
    return one.step.start.at if one.step else None


def _word(relation: Relation) -> str:
    return IN_TRANSIT if relation.relief and relation.relief.in_transit else str(Kind.RELIEF_OF)


def _cause(relation: Relation) -> str:
    relief = relation.relief
    if relief is None:
        return "origin"
    if relief.limit:
        return relief.limit.fact
    return relief.condition or relief.let_off or "loaded_at"


def is_of_origin(one: Sighted, facts: Facts) -> bool:
    """A pseudo-origin is one of those that are told: nobody is asked for it."""
    if one.origin.kind != "pseudo":
        return True
    return any(facts.told.get(pseudo_fact(name)) is True for name in one.origin.members)


def pseudo_fact(name: str) -> str:
    """The fact that puts goods under a pseudo-origin: `transshipped` for TRANSSHIPPED."""
    return name.lower()


def say_condition(condition: str) -> str:
    """As a noun: "usmca_qualifying" is "USMCA qualifying"."""
    return condition.replace("usmca", "USMCA").replace("_", " ")


def presumptions(
    sighted: Iterable[Sighted],
    relations: Iterable[Relation],
    gaps: Iterable[Gap],
    facts: Facts,
) -> tuple[str, ...]:
    """Facts that were not told, not asked for, and taken not to be so."""
    found = [gap.when for gap in gaps if gap.when]
    for one in sighted:
        if one.charges and one.origin.kind == "pseudo":
            found += map(pseudo_fact, one.origin.members)
        reliefs = (each.relief for each in relations if each.is_of(one.key, one.programme))
        found += [fact for relief in reliefs if relief for fact in _presumed(relief)]
    return tuple(name for name in sorted(set(found)) if name not in facts.told)


def _presumed(relief: Relief) -> Iterator[str]:
    if relief.limit:
        yield relief.limit.fact
    if relief.only_if_told and relief.condition:
        yield relief.condition
