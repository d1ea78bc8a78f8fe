"""Names of countries and customs territories as sentences need them.

CLDR has the names; the files `names_….tsv` beside `countries.tsv` have what it lacks: articles and
cases, how a duty is named after who levies it, and names too long for a sentence.
"""

from dataclasses import dataclass
from functools import cache

from babel import Locale

from service.core.codes import country_phrase, known_groups
from service.core.codes.tables import read_rows
from service.core.language.catalog import Language


@dataclass(frozen=True, slots=True)
class Name:
    """`doer` begins a clause, `other` stands behind "of", "from" and "with".

    `levy` names the duty that it levies, empty where there is no word for it. `is_many`: its verb
    is in the plural, as that of "die USA" is.
    """

    doer: str
    other: str
    levy: str = ""
    is_many: bool = False


@cache
def name_of(language: Language, code: str) -> Name:
    """Of a country, or of a group, which goes by its code. Raises `UnknownCountry`."""
    own = _own_names(language).get(code)
    if own and own.doer:
        return own
    found = _plain_name(language, code)
    return Name(found, found, own.levy if own else "")


def _plain_name(language: Language, code: str) -> str:
    if code in known_groups() and code != "EU":
        return code
    phrase = country_phrase(code)
    if language is Language.ENGLISH:
        return phrase
    return str(Locale(language.value).territories.get(code, phrase))


@cache
def _own_names(language: Language) -> dict[str, Name]:
    return {
        code: Name(doer, other or doer, levy, bool(many))
        for code, doer, other, levy, many in read_rows(f"names_{language}.tsv")
    }
