"""`tariff.clock`: an instant that a standing names has come. Only this service's own clock says so.

Its identity is made from what it says: whoever says it, however often, it is one event.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import AfterValidator, AwareDatetime, Field

from service.core.duty import Frozen

CLOCK = "urn:tariffwire:clock"
"""The source of every such event, which no other event may have."""

TICKS = UUID("0d0b9c5e-52c4-5b0f-8f0e-6d1f5a0c7e21")
"""Namespace of their ids, fixed for ever: a database restored from backup re-creates them."""


class Turn(StrEnum):
    """What time alone brings to a measure."""

    ENTERED_INTO_FORCE = "entered_into_force"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ENDED = "ended"
    EXEMPTION_GRANTED = "exemption_granted"
    EXEMPTION_ENDED = "exemption_ended"
    THREAT_LAPSED = "threat_lapsed"
    IN_TRANSIT_CLOSED = "in_transit_closed"


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


class Tick(Frozen):
    """The data of a `tariff.clock` event: `at` is when it turns, `lead` days before that, if any.

    With a lead the event is a reminder of what is to come; without, it has come.
    """

    subject: Annotated[str, Field(min_length=1, max_length=2600)]
    turn: Turn
    at: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    lead: Annotated[int, Field(ge=1, le=730)] | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """The same words always have the same one."""
        said = f"{self.subject}\n{self.turn}\n{self.at.isoformat()}\n{self.lead or ''}"
        return (CLOCK, str(uuid5(TICKS, said)))
