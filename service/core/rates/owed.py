"""What goods owe at an instant, by the measures in the books, the relations and the facts told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from service.core.rates.answer import Answer, Beside, Excluded, Possible, Rates
from service.core.rates.bearing.applying import Applied, apply_facts, is_of_origin, presumptions
from service.core.rates.bearing.dossier import Dossier
from service.core.rates.bearing.relating import Related, relate
from service.core.rates.bearing.sighting import Sighted, sight
from service.core.rates.branches import branch
from service.core.rates.facts import EXEMPT, IN_SCOPE, INSTANTS, TEXTS, Facts, fact_of
from service.core.rates.question import Question
from service.core.rates.rules.coverage import Gap, coverage_of
from service.core.rates.rules.file import Rules
from service.core.rates.rules.relations import Relation
from service.core.rates.sentences import say_beside, say_gone, say_possible
from service.core.rates.totals import COLUMN_1_FACT, CONTENT_FACT, add_up


def rates_owed(
    question: Question, dossiers: Iterable[Dossier], facts: Facts, rules: Rules
) -> Rates:
    """Lines, sums and branches; nothing but the coverage where the books do not cover it.

    `dossiers` are those of all measures that may bear on the goods; others do no harm.
    """
    held, coverage = list(dossiers), coverage_of(rules.covers, question)
    if not coverage.is_covered:
        return Rates(coverage)
    if not held:  # books without a word on these goods cover nothing
        return Rates(replace(coverage, now=(), lack="events"))
    sighted = sight(question, held, rules, coverage)
    relations = [one for one in rules.relations if one.holds(question)]
    gaps = [one for one in rules.gaps if one.holds(question)]
    made = _Made(question, sighted, relations, gaps)
    found = branch(made.answer, facts)
    return Rates(
        coverage,
        tuple(replace(one, possible=tuple(made.possible(one))) for one in found.answers),
        tuple(made.beside(facts)),
        tuple(found.missing),
        presumptions(sighted, relations, gaps, facts),
        tuple(made.unused(facts, rules)),
        is_cut=found.is_cut,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    question: Question
    sighted: Sequence[Sighted]
    relations: Sequence[Relation]
    gaps: Sequence[Gap]

    def answer(self, facts: Facts) -> Answer:
        """By these facts; `Undecided` where one is missing."""
        applied = apply_facts(self.question, self.sighted, self.relations, facts)
        related = relate(applied, self.relations, facts)
        answer = add_up(related.owed, self.gaps, facts, torn=related.torn, is_torn=applied.is_torn)
        return replace(answer, excluded=tuple(_excluded(applied, related)))

    def possible(self, answer: Answer) -> Iterator[Possible]:
        """What the answer is in doubt about."""
        by_key = {one.key: one for one in self.sighted}
        for fact in answer.doubts:
            is_exemption = fact.startswith(EXEMPT)
            one = by_key[fact.removeprefix(EXEMPT if is_exemption else IN_SCOPE)]
            text = one.product.text or ""
            said = say_possible(one.key, one.duty, text, is_exemption=is_exemption)
            yield Possible(one.key, one.programme, fact, one.duty, said)

    def beside(self, facts: Facts) -> Iterator[Beside]:
        """Measures on these goods that charge nothing at that instant."""
        for one in self.sighted:
            held = one.held
            if not one.charges and is_of_origin(one, facts):
                start, importer = held.effective_at, held.importer
                said = say_beside(one.key, held.status, held.duty, start, importer)
                until = held.until or held.expires_at
                yield Beside(
                    one.key,
                    one.programme,
                    held.status,
                    held.duty,
                    start,
                    until,
                    one.citations,
                    said,
                )

    def unused(self, facts: Facts, rules: Rules) -> Iterator[str]:
        """Facts that nothing could ask for: a slip of the pen must not pass in silence."""
        known = set(_known_facts(rules)) | {
            fact_of(condition)
            for one in self.sighted
            for condition in (one.product.condition, *(each.condition for each in one.exemptions))
            if condition
        }
        known |= {name.lower() for one in self.sighted for name in one.origin.members}
        for name in facts.told:
            if name not in known and not name.startswith((IN_SCOPE, EXEMPT)):
                near = get_close_matches(name, known, n=1, cutoff=0.6)
                yield f"{name}: did you mean {near[0]}?" if near else name


def _known_facts(rules: Rules) -> Iterator[str]:
    yield from (*INSTANTS, *TEXTS, COLUMN_1_FACT, CONTENT_FACT, "in_quota")
    for relation in rules.relations:
        relief = relation.relief
        if relief:
            yield from filter(None, (relief.condition, relief.limit and relief.limit.fact))
        if relation.share:
            yield relation.share
    for gap in rules.gaps:
        yield from filter(None, (gap.when, gap.unless))


def _excluded(applied: Applied, related: Related) -> Iterator[Excluded]:
    for one in applied.let_off:
        of = one.of
        said = say_gone(of.key, of.duty, one.relation, one.by, one.citation)
        yield Excluded(of.key, of.programme, of.duty, one.relation, one.by, one.citation, said)
    for charge, edge in related.gone:
        of, duty = charge.of, charge.duty
        said = say_gone(of.key, duty, edge.relation, edge.by, edge.citation)
        yield Excluded(of.key, of.programme, duty, edge.relation, edge.by, edge.citation, said)
