"""In which language it is said: texts from gettext catalogs, figures and names from CLDR."""

from service.core.language.catalog import Language, choose_language, noted
from service.core.language.tongue import ENGLISH, Tongue, tongue_for

__all__ = ["ENGLISH", "Language", "Tongue", "choose_language", "noted", "tongue_for"]
