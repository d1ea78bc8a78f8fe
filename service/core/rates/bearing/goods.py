"""Whether goods of a code are among those of a measure: surely, surely not, or nobody can tell."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from service.core.event import Product
from service.core.rates.question import Question
from service.core.rates.rules.file import SHARED, Rules


class Hit(Enum):
    """`PART`: some of the goods asked about are; `VAGUE`: the measure has its goods in words."""

    YES = "yes"
    NO = "no"
    PART = "part"
    VAGUE = "vague"


@dataclass(frozen=True)
class Shelf:
    """The product of a measure as look-ups, made once however often it is asked."""

    product: Product

    @cached_property
    def _include(self) -> "Prefixes":
        return Prefixes(self.product.include)

    @cached_property
    def _excluded(self) -> "Prefixes":
        return Prefixes(self.product.excluded)

    def hit(self, question: Question, rules: Rules) -> Hit:
        """How the goods asked about stand to these."""
        scope = self.product.scope
        if scope in {"described", "unknown"}:
            return Hit.VAGUE
        found = Hit.YES if scope == "all" else self._meet(self._include, question, rules)
        if found is Hit.NO or not self.product.excluded:
            return found
        let_off = self._meet(self._excluded, question, rules)
        if let_off is Hit.YES:
            return Hit.NO
        return Hit.PART if let_off is Hit.PART else found

    def _meet(self, codes: "Prefixes", question: Question, rules: Rules) -> Hit:
        asked = rules.whole(question.code, question.nomenclature)
        of = self.product.nomenclature
        is_foreign = of != question.nomenclature and len(asked) > SHARED
        found = codes.meet(asked[:SHARED] if is_foreign else asked, rules, of)
        # Six digits that are the same of two nomenclatures are the same goods; more are not known.
        return Hit.PART if is_foreign and found is Hit.PART else found


class Prefixes:
    """Codes, and everything that they lie within."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = tuple(codes)
        self._settled: dict[int, tuple[frozenset[str], frozenset[str]]] = {}

    def meet(self, asked: str, rules: Rules, nomenclature: str | None) -> Hit:
        """YES: all of `asked` is among them; PART: some of it may be."""
        codes, above = self._settle(rules, nomenclature)
        if any(asked[:size] in codes for size in range(2, len(asked) + 1, 2)):
            return Hit.YES
        return Hit.PART if asked in above else Hit.NO

    def _settle(
        self, rules: Rules, nomenclature: str | None
    ) -> tuple[frozenset[str], frozenset[str]]:
        """By the shortest code that means the same goods; kept for as long as the rules live."""
        if id(rules) not in self._settled:
            codes = frozenset(rules.whole(code, nomenclature) for code in self._codes)
            above = frozenset(code[:size] for code in codes for size in range(2, len(code), 2))
            self._settled = {id(rules): (codes, above)}
        return self._settled[id(rules)]
