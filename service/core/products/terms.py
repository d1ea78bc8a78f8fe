"""What the trade calls goods, where the HS has another word: a table with its reasons."""

from dataclasses import dataclass
from functools import cache

from service.core.codes.tables import read_rows
from service.core.products.words import words_of


@dataclass(frozen=True, slots=True)
class Term:
    """`codes` are meant by it, the likeliest first; `words` are what the HS says instead."""

    stems: tuple[str, ...]
    codes: tuple[str, ...]
    words: tuple[str, ...]


@cache
def terms() -> tuple[Term, ...]:
    """Every row of `terms.tsv`; one row may list several spellings."""
    return tuple(
        Term(
            tuple(dict.fromkeys(words_of(spelling))),
            tuple(code.replace(".", "") for code in codes.split()),
            tuple(words_of(words)),
        )
        for spellings, codes, words, _ in read_rows("terms.tsv", __package__)
        for spelling in spellings.split("|")
    )


@cache
def _by_stem() -> dict[str, tuple[Term, ...]]:
    found: dict[str, tuple[Term, ...]] = {}
    for term in terms():
        for stem in term.stems:
            found[stem] = (*found.get(stem, ()), term)
    return found


def terms_in(stems: frozenset[str]) -> list[Term]:
    """Those whose every word is among the stems; of "electric car" and "car" both."""
    near = dict.fromkeys(term for stem in sorted(stems) for term in _by_stem().get(stem, ()))
    return [term for term in near if stems.issuperset(term.stems)]


def term_stems() -> frozenset[str]:
    """All words that any term is written with."""
    return frozenset(_by_stem())
