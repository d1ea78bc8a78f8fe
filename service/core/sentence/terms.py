"""Free terms in words: of a framework, of a threat. What has no name of ours goes by its own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from service.core.duty import Basis
from service.core.language import Tongue, noted
from service.core.sentence.phrase import SAID_RATE, read_number, shorten

SAID_TERMS = 4


def say_terms(tongue: Tongue, terms: Mapping[str, Any] | None) -> str:
    """As "15 % in all"; unknown keys go by their name, nested ones are left to the event."""
    if not terms:
        return ""
    rate = read_number(terms.get("rate"))
    known = [] if rate is None else [say_basis(tongue, rate, terms.get("basis"))]
    taken = {"rate", "basis"} if known else set()
    other = [_say_term(tongue, name, value) for name, value in terms.items() if name not in taken]
    said = [one for one in (*known, *other) if one]
    return "; ".join(said[:SAID_TERMS]) + ("; …" if len(said) > SAID_TERMS else "")


def say_basis(tongue: Tongue, rate: Decimal, basis: Any) -> str:
    """A figure from free terms; by itself where we do not know what it is measured against."""
    said = tongue.say("{amount} %", amount=tongue.number(rate))
    whole = None if tongue.is_brief else _BASES.get(str(basis))
    return tongue.say(whole, rate=said) if whole else said


_BASES = {
    Basis.TOTAL.value: noted("{rate} in all"),
    Basis.TOTAL_FLOOR.value: noted("at least {rate} in all"),
    Basis.ADDITIONAL.value: noted("{rate} on top of other duties"),
}


def _say_term(tongue: Tongue, name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ""
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value if not isinstance(one, dict | list))
    rate = read_number(value) if name.startswith("rate") else None
    words = str(value)
    if rate is not None:
        words = tongue.say("{amount} %", amount=tongue.number(rate))
    label = tongue.find(name.replace("_", " "))
    return shorten(tongue.say("{label}: {value}", label=label, value=words), SAID_RATE)


LABELS = (noted("rate if transshipped"), noted("goods"), noted("months"), noted("pledge"))
"""Keys that events use for what has no field of its own."""
