"""What a decision looks like on the way in, and who makes it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from service.api.desk import Desk
from service.core.duty import Frozen
from service.core.message.recall import LONGEST_REASON
from service.store.steering.deeds import Doer

WHO = "api"
"""Whoever has the API key: there is one, and it has no name."""

Text = Annotated[str, Field(max_length=LONGEST_REASON)]
Said = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")]


class NoteForm(Frozen):
    """Why, if you like: it stands in the audit."""

    reason: Text = ""


class ReasonForm(Frozen):
    """Why: it stands in the audit, and of a recall in every correction."""

    reason: Said


class ReplayForm(NoteForm):
    """To which destination."""

    destination: Annotated[str, Field(max_length=200)]


class AcknowledgeForm(Frozen):
    """Who has seen it, and what they say."""

    who: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    note: Text = ""


class RecoverForm(NoteForm):
    """From which instant on."""

    since: Annotated[str, Field(max_length=60, description="An instant with offset, or a day.")]


class MuteForm(Frozen):
    """Which subject, until when, and where; everywhere without a `destination`."""

    subject: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
    until: datetime
    destination: Annotated[str, Field(max_length=200)] = ""
    except_critical: bool = True
    note: Text = ""


def doer_of(desk: Desk, reason: str = "") -> Doer:
    """Who decides now."""
    return Doer(WHO, desk.clock(), " ".join(reason.split()))
