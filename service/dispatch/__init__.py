"""From a change to its receivers: who is told, and whether it arrived.

`plan.py` turns a change into deliveries, `render.py` into bytes, `send.py` claims, transmits and
settles them; `chores.py` is what many of them may ask for beside that.
`http` and `mail.py` are the two ways out, both of them a `Sender`; `mode.py` says to whom
one may write at all. `post.py` writes mails and `seal.py` signs them, `invite.py` asks readers
first, `returns.py` takes in what came back. `publish.py` tells those who read changes from the log.
"""

from typing import Protocol

from service.core.sending.delivery import Parcel, Reply

__all__ = ["Sender"]


class Sender(Protocol):
    """One way out of the house."""

    async def send(self, parcel: Parcel) -> Reply:
        """Make one attempt and say what came of it.

        Never raises for what a receiver does or fails to do: that is a `Reply`. What it does
        raise is our own bug, and the delivery stays leased until its lease runs out.
        """
        ...
