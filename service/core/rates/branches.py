"""One answer for each value of a missing fact that matters; never a guess, and never too many."""

from collections.abc import Callable
from dataclasses import dataclass, field

from service.core.rates.answer import Answer
from service.core.rates.facts import Facts, Undecided

MOST_ANSWERS = 16
"""Branches that are answered: who leaves more open is told which facts to tell first."""
MOST_TRIED = 600
Evaluate = Callable[[Facts], Answer]


@dataclass(slots=True)
class Branches:
    """The answers, the facts by which they differ, and whether there would have been more."""

    answers: list[Answer] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    is_cut: bool = False


class TooMany(Exception):
    """So many facts are missing that not every combination was tried."""


@dataclass(slots=True)
class _Explorer:
    evaluate: Evaluate
    tried: int = 0
    asked: dict[str, None] = field(default_factory=dict)

    def explore(self, facts: Facts) -> list[Answer]:
        self.tried += 1
        if self.tried > MOST_TRIED:
            raise TooMany
        try:
            return [self.evaluate(facts)]
        except Undecided as open_:
            question = open_
        self.asked[question.fact] = None
        found = [(supposed, self.explore(given)) for supposed, given in question.options]
        first = found[0][1]
        if all(_figures(answers) == _figures(first) for _, answers in found):
            return first  # whatever it is, the same is owed
        if question.is_vague:
            others = [_by_branch(answers) for _, answers in found[1:]]
            return [_doubt(answer, others, question.fact) for answer in first]
        return [one.supposing(supposed) for supposed, answers in found for one in answers]


def _doubt(answer: Answer, others: list[dict[object, object]], fact: str) -> Answer:
    """Only in those branches in which it matters."""
    branch_of_it = _branch_of(answer)
    if all(other.get(branch_of_it) == answer.figures for other in others):
        return answer
    return answer.doubting(fact)


def _by_branch(answers: list[Answer]) -> dict[object, object]:
    return {_branch_of(one): one.figures for one in answers}


def _branch_of(answer: Answer) -> object:
    return tuple((one.fact, one.value) for one in answer.given)


def _figures(answers: list[Answer]) -> list[object]:
    return [(_branch_of(one), one.figures) for one in answers]


def branch(evaluate: Evaluate, facts: Facts) -> Branches:
    """All answers that the missing facts leave open, those that say the same made one.

    A fact about goods that are known in words only makes no branch: the answer without it stands,
    and its sums are in doubt.
    """
    explorer = _Explorer(evaluate)
    try:
        answers = explorer.explore(facts)
    except TooMany:
        return Branches([], list(explorer.asked), is_cut=True)
    missing = dict.fromkeys(one.fact for answer in answers for one in answer.given)
    missing |= dict.fromkeys(fact for answer in answers for fact in answer.doubts)
    is_cut = len(answers) > MOST_ANSWERS
    return Branches(answers[:MOST_ANSWERS], list(missing), is_cut=is_cut)
