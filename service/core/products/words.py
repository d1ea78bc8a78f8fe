"""Words as they are compared: folded, stemmed, without those that say nothing.

The stemmer is Snowball's English one: "batteries" and "battery" are one word to it. It is pure
arithmetic on letters, and better kept than one of our own would be.
"""

import re
import unicodedata
from functools import cache, lru_cache

from snowballstemmer import stemmer

from service.core.codes.tables import read_rows

_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")
_VOWEL = re.compile(r"[aeiouy]")


def words_of(text: str) -> list[str]:
    """Stems in the order of the text; a word with a hyphen is said whole and in its parts."""
    found: list[str] = []
    for word in _WORD.findall(_fold(text)):
        found += [_stem(one) for one in _spellings(word) if one not in _silent()]
    return found


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in bare if not unicodedata.combining(sign)).replace("\u2019", "'")


def _spellings(word: str) -> list[str]:
    """Of "t-shirts": "tshirts" and "shirts", for a letter alone says nothing."""
    word = word.removesuffix("'s").replace("'", "")
    if "-" not in word:
        return [word] if len(word) > 1 else []
    parts = [part for part in word.split("-") if len(part) > 1]
    return [word.replace("-", ""), *parts]


@cache
def _silent() -> frozenset[str]:
    """Of the language, of the nomenclature's own grammar, and of questions about it."""
    return frozenset(row[0] for row in read_rows("silent.tsv", __package__))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """Of initials the plural too, which the stemmer takes for words of their own: "TVs"."""
    if word[-1] == "s" and not _VOWEL.search(word):
        return word[:-1]
    return str(stemmer("english").stemWord(word))  # it holds its word: one for each thread
