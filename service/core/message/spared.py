"""Steps that a receiver was spared, who asked for the latest alone: what it knew before them.

The change says old → new of one step; without this a receiver would take the old for what it knew.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.core.change import Change
from service.core.message.phrase import say_figure
from service.core.message.snapshot import MOST_LISTED, counted


@dataclass(frozen=True, slots=True)
class Known:
    """The last alert that it was sent, or will be, with its change; a recall took that back."""

    alert: UUID
    change: Change
    is_recalled: bool = False

    @property
    def figure(self) -> str:
        """The rate that it left behind."""
        return say_figure(self.change.old if self.is_recalled else self.change.new)


@dataclass(frozen=True, slots=True)
class Spared:
    """Alerts that gave way to the one that says this, oldest first."""

    alerts: tuple[UUID, ...]
    known: Known | None = None


def say_spared(spared: Spared | None) -> str:
    """To stand behind the sentence of the change; begins with a blank, or is nothing."""
    if spared is None:
        return ""
    count = len(spared.alerts)
    steps = "1 step" if count == 1 else f"{count} steps"
    if spared.known is None:
        return f" {steps} before this you were not told: you asked for the latest alone."
    told = spared.known.figure
    return f" You were last told: {told}; {steps} since then gave way to this, the latest."


def spared_part(spared: Spared | None) -> dict[str, Any]:
    """As the body of a webhook has it; nothing where every step was sent."""
    if spared is None:
        return {}
    listed = [str(one) for one in spared.alerts[-MOST_LISTED:]]
    return {
        **counted("supersedes", listed, len(spared.alerts)),
        "last_told": _known_part(spared.known) if spared.known else None,
    }


def _known_part(known: Known) -> dict[str, Any]:
    return {"alert": str(known.alert), "change": str(known.change.id), "said": known.figure}
