"""Who is told: what subscribers ask for, and the rule that decides, with its reason."""

from service.core.match.match import Facts, Match, Miss, Narrow, facts_of, match, narrow

__all__ = ["Facts", "Match", "Miss", "Narrow", "facts_of", "match", "narrow"]
