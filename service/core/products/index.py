"""Ranked search by words over HS 2022: plural, synonym and slip of the pen are understood.

The index is built once (some 0.5 s) and asked in a few milliseconds. What ranks: rare words before
frequent ones (BM25), the words a description begins with before the others, its own words before
those of the codes above it; what a description leaves out ("other than …") does not count. A term
of the trade (`terms.tsv`) outweighs all words, in proportion to how much of the question it covers.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from service.core.codes.harmonized import descriptions
from service.core.products.terms import Term, term_stems, terms_in
from service.core.products.tree import Product, product_of
from service.core.products.words import words_of

LONGEST = 200
MOST_WORDS = 12

_OWN, _HEAD, _ABOVE = 1.0, 2.5, 0.3
_SATURATION, _BREVITY = 1.2, 0.5  # k1 and b of BM25
_TERM = 3.0
_LATER = 0.85  # each further code of a term counts so much less
_SAID_OTHERWISE = 0.7
_COMPLETED, _MENDED = 0.8, 0.7
_PRIOR = {2: 0.85, 4: 1.15, 6: 1.0}
_SHORTEST_SLIP, _LIKENESS = 4, 82
_LONG = 7  # a slip in so long a word leaves little doubt
_COMPLETIONS = 6
_TURNED_ROUND = 0.6  # "container ship" is no "shipping container"

_LEFT_OUT = re.compile(
    r"\((?:other than|excluding|excl|except|not|but not)\b[^)]*\)"
    r"|\b(?:other than|excluding|except|but not|not)\b[^;,)]*"
)
_STOP = re.compile(r"[;,(]")
_DIGITS = re.compile(r"[0-9][0-9.\s]*")


@dataclass(frozen=True, slots=True)
class Found:
    """`score` only compares within one search."""

    product: Product
    score: float


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, the best first; `read_as` says which words were taken for others."""

    found: tuple[Found, ...]
    read_as: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Index:
    """By stem: the codes whose description says it, with the weight of that."""

    postings: Mapping[str, tuple[tuple[str, float], ...]]
    rarity: Mapping[str, float]
    words: tuple[str, ...]


@lru_cache(maxsize=1024)
def search_products(text: str, most: int = 10) -> Search:
    """The codes that the words mean, the likeliest first. Digits find the codes they begin."""
    text = text[:LONGEST].strip()
    if _DIGITS.fullmatch(text):
        return Search(tuple(_beginning(re.sub(r"[^0-9]", "", text), most)))
    stems = list(dict.fromkeys(words_of(text)))[:MOST_WORDS]
    wanted, slips = _understand(stems)
    scores = _score(wanted, len(stems))
    best = sorted(scores, key=lambda code: (-scores[code], len(code), code))[:most]
    found = (Found(product_of(code), round(scores[code], 3)) for code in best)
    return Search(tuple(found), tuple(slips.items()))


def _beginning(digits: str, most: int) -> Iterator[Found]:
    codes = [code for code in descriptions() if code.startswith(digits)]
    for code in sorted(codes, key=lambda code: (len(code), code))[:most]:
        yield Found(product_of(code), 1.0)


def _understand(stems: Iterable[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Stems that the index knows, each with its weight; and which were put for which."""
    known, wanted, slips = _index().rarity, {}, {}
    for stem in stems:
        if stem in known or stem in term_stems():
            wanted[stem] = 1.0
            continue
        likely = _complete(stem)
        if not likely and (near := _mend(stem)):
            slips[stem], likely = near, {near: _MENDED}
        wanted |= {one: weight for one, weight in likely.items() if one not in wanted}
    return wanted, slips


def _complete(stem: str) -> dict[str, float]:
    """Words of which it is the beginning: who types is not done yet."""
    if len(stem) < _SHORTEST_SLIP:
        return {}
    longer = [word for word in _index().words if word.startswith(stem)][:_COMPLETIONS]
    return dict.fromkeys(longer, _COMPLETED / max(1, len(longer)))


def _mend(stem: str) -> str | None:
    """The word that it is the likeliest slip for."""
    if len(stem) < _SHORTEST_SLIP:
        return None
    words = [word for word in _index().words if _is_slip(stem, word)]
    near = process.extract(stem, words, scorer=fuzz.ratio, score_cutoff=_LIKENESS, limit=5)
    ranked = sorted(near, key=lambda one: (-one[1], one[0]))
    return str(ranked[0][0]) if ranked else None


def _is_slip(stem: str, word: str) -> bool:
    """Whether it may be meant: who slips begins it right, and of a short word slips but once.

    "earring" is no "herring", "pram" no "ram" and "grater" no "gaiter"; better no answer than such.
    """
    if stem[0] != word[0] or len(word) < len(stem) - 1:
        return False
    return len(stem) >= _LONG or (
        len(word) >= len(stem) and OSA.distance(stem, word, score_cutoff=1) == 1
    )


def _score(wanted: Mapping[str, float], asked: int) -> dict[str, float]:
    index = _index()
    spoken = terms_in(frozenset(wanted))
    said = dict(wanted)
    for term in spoken:
        for word in term.words:
            said.setdefault(word, _SAID_OTHERWISE * len(term.stems) / asked)
    whole = sum(index.rarity.get(stem, 0.0) * weight for stem, weight in said.items()) or 1.0
    scores: dict[str, float] = {}
    for stem, weight in said.items():
        share = weight * index.rarity.get(stem, 0.0) / whole
        for code, says in index.postings.get(stem, ()):
            scores[code] = scores.get(code, 0.0) + share * says
    scores = {code: score * _PRIOR[len(code)] for code, score in scores.items()}
    for code, bonus in _meant(spoken, wanted, asked).items():
        scores[code] = scores.get(code, 0.0) + bonus
    return scores


def _meant(spoken: Iterable[Term], wanted: Mapping[str, float], asked: int) -> dict[str, float]:
    """What the terms of the trade in the question mean, by how much of it they cover."""
    bonus: dict[str, float] = {}
    for term in spoken:
        sure = min(wanted[stem] for stem in term.stems)
        share = _TERM * sure * (len(term.stems) / asked) ** 2
        if not _is_in_order(term.stems, wanted):
            share *= _TURNED_ROUND
        for place, code in enumerate(term.codes):
            bonus[code] = max(bonus.get(code, 0.0), share * _LATER**place)
    return bonus


def _is_in_order(stems: Iterable[str], wanted: Iterable[str]) -> bool:
    rest = iter(wanted)
    return all(stem in rest for stem in stems)


@cache
def _index() -> _Index:
    said = {code: _count(code) for code in descriptions()}
    spread = Counter(stem for counts in said.values() for stem in counts)
    usual = sum(sum(counts.values()) for counts in said.values()) / len(said)
    postings: dict[str, list[tuple[str, float]]] = {}
    for code, counts in said.items():
        room = _SATURATION * (1 - _BREVITY + _BREVITY * sum(counts.values()) / usual)
        for stem, count in counts.items():
            weight = count * (_SATURATION + 1) / (count + room)
            postings.setdefault(stem, []).append((code, weight))
    rarity = {stem: math.log(1 + len(said) / count) for stem, count in spread.items()}
    words = tuple(sorted({*rarity, *term_stems()}))
    return _Index({stem: tuple(codes) for stem, codes in postings.items()}, rarity, words)


def _count(code: str) -> dict[str, float]:
    """How much a code says each word, by itself and through those above it."""
    above = (_own_words(code[:width]) for width in range(2, len(code), 2))
    counts = dict.fromkeys((stem for words in above for stem in words), _ABOVE)
    for stem, weight in _own_words(code).items():
        counts[stem] = counts.get(stem, 0.0) + weight
    return counts


@cache
def _own_words(code: str) -> Mapping[str, float]:
    """Those that a description begins with, up to its first stop, say what the goods are."""
    said = descriptions().get(code, "").casefold().replace("whether or not", " ")
    said = _LEFT_OUT.sub(" ", said)
    head = len(words_of(_STOP.split(said, maxsplit=1)[0]))
    weights: dict[str, float] = {}
    for place, stem in enumerate(words_of(said)):
        weights[stem] = weights.get(stem, 0.0) + (_HEAD if place < head else _OWN)
    return weights
