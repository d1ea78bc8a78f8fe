"""The catalogs: what each English text is in another language.

`core/` takes no input, and these files are none: they ship inside the package. The source of a
catalog is compiled when its language is first spoken, so no compiled copy can be stale.
"""

from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


class Language(StrEnum):
    """As ISO 639-1 writes them; English is what the code itself says."""

    ENGLISH = "en"
    GERMAN = "de"
    JAPANESE = "ja"

    __hash__ = str.__hash__  # looked up with every clause: an enum's own is slow


def choose_language(accepted: str) -> Language:
    """The best we have of what a browser accepts (RFC 9110 §12.5.4), else English."""
    wishes = [_read_wish(one) for one in accepted[:LONGEST_WISH].split(",")]
    known = [(weight, one) for weight, one in wishes if weight > 0 and one in set(Language)]
    best = max((weight for weight, _ in known), default=0)
    return next((Language(one) for weight, one in known if weight == best), Language.ENGLISH)


LONGEST_WISH = 200


def _read_wish(text: str) -> tuple[float, str]:
    """As "de-AT;q=0.8"; a weight that is none counts as nothing."""
    named, _, weight = text.partition(";")
    share = weight.strip().removeprefix("q=") or "1"
    plain = share.replace(".", "", 1).isascii() and share.replace(".", "", 1).isdigit()
    return float(share) if plain else 0.0, named.strip().partition("-")[0].lower()


def noted(text: str) -> str:
    """Mark a text that is said later, so that it is in the catalogs."""
    return text


def read_catalog(language: Language) -> Catalog:
    """As translators write it."""
    source = files(__package__).joinpath("catalogs", f"{language}.po").read_bytes()
    return read_po(BytesIO(source), locale=language.value, abort_invalid=True)


@cache
def translations(language: Language) -> NullTranslations:
    """As it is spoken from; English is spoken as it stands in the code."""
    if language is Language.ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalog(language))
    compiled.seek(0)
    return GNUTranslations(compiled)
