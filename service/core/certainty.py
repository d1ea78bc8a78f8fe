"""How sure a statement is: one ordered scale, strongest first (the field's own words)."""

from enum import StrEnum

from service.core.language import noted


class Certainty(StrEnum):
    """Compared by strength: `Certainty.RUMOUR < Certainty.INSTRUMENT`."""

    INSTRUMENT = "instrument"  # a legal text exists
    ANNOUNCED = "announced"  # declared by the authority that can levy, no text yet
    OFFICIAL_STATEMENT = "official_statement"  # a named official, on record
    REPORTED = "reported"  # a named outlet, attributed
    UNNAMED = "unnamed"  # unnamed sources
    RUMOUR = "rumour"

    @property
    def strength(self) -> int:
        """0 for a rumour up to 5 for an instrument."""
        return _STRENGTH[self]

    @property
    def moves_law(self) -> bool:
        """Only a legal text, or the declaration of the authority that levies, moves a rate."""
        return self in _LAW

    def __lt__(self, other: str) -> bool:
        """Weaker than; all four are written out, for `str` brings an alphabetical order."""
        return self.strength < Certainty(other).strength

    def __le__(self, other: str) -> bool:
        """At most as strong."""
        return self.strength <= Certainty(other).strength

    def __gt__(self, other: str) -> bool:
        """Stronger than."""
        return self.strength > Certainty(other).strength

    def __ge__(self, other: str) -> bool:
        """At least as strong."""
        return self.strength >= Certainty(other).strength

    @property
    def in_words(self) -> str:
        """For sentences: how a trader would say it."""
        return _WORDS[self]


_STRENGTH = {rung: len(Certainty) - 1 - place for place, rung in enumerate(Certainty)}
_LAW = frozenset({Certainty.INSTRUMENT, Certainty.ANNOUNCED})
_WORDS = {
    Certainty.INSTRUMENT: noted("law"),
    Certainty.ANNOUNCED: noted("announced by the authority, legal text not seen yet"),
    Certainty.OFFICIAL_STATEMENT: noted("said on record by a named official, not law"),
    Certainty.REPORTED: noted("reported by a named outlet, not law"),
    Certainty.UNNAMED: noted("reported from unnamed sources, not law"),
    Certainty.RUMOUR: noted("a rumour, not law"),
}
