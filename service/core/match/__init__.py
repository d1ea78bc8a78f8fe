"""Who is told: what subscribers ask for, and the rule that decides, with its reason."""

from service.core.match.facts import Facts, facts_of
from service.core.match.lane import Match
from service.core.match.match import Miss, match
from service.core.match.net import Narrow, narrow

__all__ = ["Facts", "Match", "Miss", "Narrow", "facts_of", "match", "narrow"]
