"""Whether a person wants our mail: only the reader says yes, and the reader's no is final.

`unconfirmed → active ⇄ paused → unsubscribed`; out of `unsubscribed` leads a new question only.
"""

from enum import StrEnum

ACTIVE = "active"
PAUSED = "paused"
UNCONFIRMED = "unconfirmed"
UNSUBSCRIBED = "unsubscribed"

PAUSED_BY_READER = "its reader has paused it"
UNSUBSCRIBED_BY_READER = "its reader has unsubscribed"
NOT_SENT_AGAIN = (
    f"{UNSUBSCRIBED_BY_READER}: nothing is sent there any more; only its reader can undo that:"
    " POST …/confirmation asks"
)
NOT_VOUCHED_AWAY = (
    f"{UNSUBSCRIBED_BY_READER}: now only the reader's own answer counts, and no `confirmed` of"
    " yours; leave that out, and POST …/confirmation asks"
)
ASKED = "its reader was asked to confirm, and has not answered yet"


class Act(StrEnum):
    """What a reader may do by a link."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"
    PAUSE = "pause"
    RESUME = "resume"


def follow(act: Act, state: str, reason: str) -> tuple[str, str] | None:
    """State and reason after the act; None: it does nothing there, or no longer.

    A confirmation that was asked for before the reader unsubscribed confirms nothing any more.
    What its owner paused a reader cannot resume.
    """
    match act, state:
        case Act.UNSUBSCRIBE, _ if state != UNSUBSCRIBED:
            return UNSUBSCRIBED, UNSUBSCRIBED_BY_READER
        case Act.CONFIRM, "unconfirmed":
            return ACTIVE, ""
        case Act.PAUSE, "active":
            return PAUSED, PAUSED_BY_READER
        case Act.RESUME, "paused" if reason == PAUSED_BY_READER:
            return ACTIVE, ""
    return None


def why_owner_may_not(state: str, reason: str, wanted: str) -> str | None:
    """Why the owner cannot set the state of a destination whose reader decides; None: he can."""
    if wanted == state:
        return None
    if state == UNCONFIRMED:
        return (
            "its reader has not confirmed yet; POST …/confirmation asks again, or send"
            " `confirmed` with a `consent` note if you have consent on record"
        )
    if state == UNSUBSCRIBED:
        return f"{reason}; only its reader can undo that: POST …/confirmation asks"
    if reason == PAUSED_BY_READER:
        return f"{reason}; the link in each mail resumes it"
    return None


def why_unwelcome(state: str) -> str | None:
    """Why not even a test message may go there; None: it may."""
    if state == UNCONFIRMED:
        return ASKED
    return UNSUBSCRIBED_BY_READER if state == UNSUBSCRIBED else None
