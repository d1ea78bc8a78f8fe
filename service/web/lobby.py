"""What the pages work with: everything is handed in, nothing is made here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service.core.proof.link import Links
from service.store.database import Database


@dataclass(frozen=True, slots=True)
class Lobby:
    """`links` reads what `dispatch` has made."""

    db: Database
    clock: Callable[[], datetime]
    links: Links
