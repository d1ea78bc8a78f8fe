"""The net turned round: the words under which changes are kept, so that rules find them.

A live change looks for filter rows (`Narrow`); a preview's rows look for changes. The words hold
every pair that the net holds, and more: of goods only headings, four digits, are kept, for each
word is a row that the writer of a change must write. `match` has the last word.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.core.match.net import Narrow
from service.core.match.subscription import LEAD, FilterRow

CHAPTER, HEADING = 2, 4
MOST_HEADINGS = 100
"""A list in more of them is kept as if it were on all goods."""
MOST_WORDS = 10_000
"""A rule with more words of one kind does not look at that kind."""

Words = frozenset[str]
_ANY_ORIGIN, _ANY_GOODS, _VAGUE = "o:*", "c:*", "v:*"


def facets_of(net: Narrow) -> list[str]:
    """The words under which a change is kept, sorted."""
    if net.layer == "track":
        return sorted(f"t:{code}" for code in net.importers if code)
    return sorted(
        {
            *(f"i:{code}" for code in net.importers if code),
            *_origins(net),
            *_goods(net),
        }
    )


def _origins(net: Narrow) -> Iterable[str]:
    if net.origins is None:
        return [_ANY_ORIGIN]
    return (f"o:{code}" for code in net.origins if code)


def _goods(net: Narrow) -> Iterable[str]:
    """The headings that its codes lie in; a whole chapter is a word of two digits."""
    headings = {block[:HEADING] for block in net.blocks}
    if net.codes is None or len(headings) > MOST_HEADINGS:
        return [_ANY_GOODS]
    vague = [_VAGUE] if net.possible_only else []
    return [*(f"c:{heading}" for heading in headings), *vague]


@dataclass(frozen=True, slots=True)
class Sought:
    """What may match a rule: changes to one of `subjects`, or of which one of `any_of` is true.

    Each of `any_of` lists sets of words: a change has a word of each set. An empty one is true of
    every change.
    """

    subjects: Words
    any_of: tuple[tuple[Words, ...], ...]

    @property
    def is_everything(self) -> bool:
        """Whether there is nothing to look for."""
        return () in self.any_of


def seek(rows: Iterable[FilterRow]) -> Sought:
    """Rows that state the same kinds of things are looked for together."""
    subjects: set[str] = set()
    alike: dict[tuple[str, ...], list[set[str]]] = {}
    for row in rows:
        if row.layer == LEAD:
            continue
        if row.layer == "subject":
            subjects.add(row.subject)
            continue
        stated = list(_state(row))
        together = alike.setdefault(tuple(name for name, _ in stated), [set() for _ in stated])
        for words, (_, more) in zip(together, stated, strict=True):
            words.update(more)
    any_of = {
        tuple(frozenset(one) for one in sets if len(one) <= MOST_WORDS): None
        for sets in alike.values()
    }
    return Sought(frozenset(subjects), tuple(any_of))


def _state(row: FilterRow) -> Iterator[tuple[str, set[str]]]:
    """The kinds of things that a row states, each with the words that satisfy it."""
    if row.layer == "track":
        yield from ((name, {f"t:{code}"}) for name, code in _parties(row))
        return
    if row.importer:
        yield "importer", {f"i:{row.importer}"}
    if row.origin:
        yield "origin", {f"o:{row.origin}", _ANY_ORIGIN}
    if row.code:
        yield "goods", _words_for(row.code) | ({_VAGUE} if row.possible else set())


def _parties(row: FilterRow) -> Iterator[tuple[str, str]]:
    if row.importer:
        yield "party", row.importer
    if row.origin:
        yield "counterpart", row.origin


def _words_for(code: str) -> set[str]:
    """Its heading and its chapter, or all headings of a chapter; and all goods."""
    chapter = f"c:{code[:CHAPTER]}"
    if len(code) < HEADING:
        return {chapter, _ANY_GOODS} | {f"{chapter}{number:02}" for number in range(100)}
    return {chapter, f"c:{code[:HEADING]}", _ANY_GOODS}
