"""Why somebody was told of something, or why not: all six stages of the journey, explained."""

from service.core.why.walk import Account, Verdict, explain

__all__ = ["Account", "Verdict", "explain"]
