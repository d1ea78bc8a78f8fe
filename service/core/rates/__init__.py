"""Rates owed: what goods pay at an instant, as far as it is known, and why."""

from service.core.rates.answer import Answer, Rates
from service.core.rates.bearing.dossier import Dossier
from service.core.rates.facts import Facts, read_fact
from service.core.rates.owed import rates_owed
from service.core.rates.question import Question
from service.core.rates.rules.file import BadRelations, Rules, describe, packaged_rules, read_rules

__all__ = [
    "Answer",
    "BadRelations",
    "Dossier",
    "Facts",
    "Question",
    "Rates",
    "Rules",
    "describe",
    "packaged_rules",
    "rates_owed",
    "read_fact",
    "read_rules",
]
