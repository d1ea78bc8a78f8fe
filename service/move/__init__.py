"""Taking an installation elsewhere, and having a database and a log belong together.

`move` copies a stopped installation into an empty database and an empty log; the rows go first,
then what the old log holds unread, and last the notes that say which of the two is served:

    old database     new database
    may be served    copying         after a kill here: serve the old one on, or move again
    may be served    copied          every row and record is there, and counted
    moved away       copied          the one instant at which none is served: move again
    moved away       ready           the new one is served from here on

`adopt` is for what no copy can mend: a log restored older than its database, or another log.
"""

from service.move.adopting import Adopted, adopt
from service.move.moving import Moved, Place, move
from service.move.refusing import CannotAdopt, CannotMove
from service.move.undoing import undo

__all__ = [
    "Adopted",
    "CannotAdopt",
    "CannotMove",
    "Moved",
    "Place",
    "adopt",
    "move",
    "undo",
]
