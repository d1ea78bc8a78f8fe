"""Named points at which a test may have this process die, as a power cut would end it.

Only a test arms one: `TARIFFWIRE_TEST_CRASH=plan.commit.after:3` kills the process when it passes
that point for the third time. Nothing is flushed, no handler runs.
"""

import os
import signal

POINTS = (
    "accept.append.before",
    "accept.append.after",
    "accept.commit.before",
    "accept.commit.after",
    "consume.commit.before",
    "consume.commit.after",
    "plan.commit.before",
    "plan.commit.after",
    "send.commit.before",
    "send.commit.after",
    "send.transmit.before",
    "send.transmit.after",
    "publish.append.before",
    "publish.append.after",
    "publish.commit.before",
    "publish.commit.after",
    "publish.changes.before",
    "publish.changes.after",
    "clock.commit.before",
    "clock.commit.after",
)
"""Before and after every transaction and every sending of the journey.

`accept.commit` is the API's outbox, `publish.append` and `.commit` its draining,
`publish.changes` a transaction of the changes topic.
"""

OF_A_MOVE = ("move.page", "move.append", "move.tail", "move.copied", "move.left")
"""In the order in which `tariffwire move` passes them."""

OF_AN_ERRAND = ("errand.commit.before", "errand.commit.after")
"""Round each page of what people sent out: a halt, a recall, a recovery."""

OF_GATHERING = ("gather.commit.before", "gather.commit.after")
"""Round the transaction in which what has waited is told together."""

_armed, _, _count = os.environ.get("TARIFFWIRE_TEST_CRASH", "").partition(":")
_left = int(_count or 1)


def passing(point: str) -> None:
    """Die here, if a test said so."""
    global _left  # noqa: PLW0603 - it counts for the process
    if point == _armed:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
