"""Steps that a receiver was spared, who asked for the latest alone: what it knew before them.

The change says old → new of one step; without this a receiver would take the old for what it knew.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.core.change import Change
from service.core.language import Tongue
from service.core.message.snapshot import MOST_LISTED, counted
from service.core.sentence.rates import say_figure


@dataclass(frozen=True, slots=True)
class Known:
    """The last alert that it was sent, or will be, with its change; a recall took that back."""

    alert: UUID
    change: Change
    is_recalled: bool = False

    def figure(self, tongue: Tongue) -> str:
        """The rate that it left behind."""
        return say_figure(tongue, self.change.old if self.is_recalled else self.change.new)


@dataclass(frozen=True, slots=True)
class Spared:
    """Alerts that gave way to the one that says this, oldest first."""

    alerts: tuple[UUID, ...]
    known: Known | None = None


def say_spared(tongue: Tongue, spared: Spared | None) -> str:
    """To stand behind the sentence of the change; nothing where every step was sent."""
    if spared is None:
        return ""
    count = len(spared.alerts)
    if spared.known is None:
        return tongue.count(
            "{n} step before this you were not told: you asked for the latest alone.",
            "{n} steps before this you were not told: you asked for the latest alone.",
            count,
        )
    return tongue.count(
        "You were last told: {rate}; {n} step since then gave way to this, the latest.",
        "You were last told: {rate}; {n} steps since then gave way to this, the latest.",
        count,
        rate=spared.known.figure(tongue),
    )


def spared_part(tongue: Tongue, spared: Spared | None) -> dict[str, Any]:
    """As the body of a webhook has it; nothing where every step was sent."""
    if spared is None:
        return {}
    listed = [str(one) for one in spared.alerts[-MOST_LISTED:]]
    return {
        **counted("supersedes", listed, len(spared.alerts)),
        "last_told": _known_part(tongue, spared.known) if spared.known else None,
    }


def _known_part(tongue: Tongue, known: Known) -> dict[str, Any]:
    return {"alert": str(known.alert), "change": str(known.change.id), "said": known.figure(tongue)}
