"""Rates in words: a figure, and what it is measured against."""

from service.core.duty import Basis, Duty, say_duty
from service.core.language import Tongue, noted
from service.core.sentence.phrase import SAID_RATE, shorten


def say_figure(tongue: Tongue, duty: Duty | None) -> str:
    """Without its basis, for a rate that was told before; a text that is no figure is quoted."""
    if duty is None:
        return tongue.say("rate not stated")
    said = shorten(say_duty(duty.on_basis(Basis.ADDITIONAL), tongue, is_part=True), SAID_RATE)
    is_quote = not duty.components and duty.text
    return tongue.say("“{quote}”", quote=said) if is_quote else said


def say_rate(tongue: Tongue, duty: Duty | None, importer: str) -> str:
    """With its basis in words; "rate not stated" where nothing is known."""
    figure = say_figure(tongue, duty)
    if duty is None:
        return figure
    if duty.basis is Basis.TOTAL_FLOOR:
        return _say_floor(tongue, figure, importer)
    if duty.basis is Basis.TOTAL:
        return tongue.say("{rate} in all", rate=figure)
    if duty.basis is Basis.ADDITIONAL_IN_LIEU and not tongue.is_brief:
        return tongue.say("{rate} instead of the baseline", rate=figure)
    return figure


def _say_floor(tongue: Tongue, figure: str, importer: str) -> str:
    if tongue.is_brief:
        return tongue.say("at least {rate} in all", rate=figure)
    text = _COLUMN_1 if importer == "US" else _ORDINARY
    return tongue.say(text, rate=figure)


_COLUMN_1 = noted("{rate} in all (or the column-1 rate where higher)")
_ORDINARY = noted("{rate} in all (or the ordinary rate where higher)")


def say_first_rate(tongue: Tongue, duty: Duty, importer: str) -> str:
    """A first figure says what it comes on top of; one that moves does not repeat it."""
    rate = say_rate(tongue, duty, importer)
    if duty.components and duty.basis is Basis.ADDITIONAL and not tongue.is_brief:
        return tongue.say("{rate} on top of other duties", rate=rate)
    return rate


def say_rates(tongue: Tongue, old: Duty, new: Duty, importer: str) -> str:
    """As "84 % → 125 %"; a basis that stays is said once or, instead of the baseline, not again."""
    if old.basis is not new.basis:
        first, later = say_rate(tongue, old, importer), say_rate(tongue, new, importer)
    else:
        in_lieu = new.basis is Basis.ADDITIONAL_IN_LIEU
        first = say_figure(tongue, old)
        later = say_figure(tongue, new) if in_lieu else say_rate(tongue, new, importer)
    return tongue.say("{old} → {new}", old=first, new=later)
