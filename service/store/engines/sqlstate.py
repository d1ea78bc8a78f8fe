"""What a server's five-letter codes say about the server, rather than about a statement."""

from service.store.engines import Collided, DatabaseUnavailable

COLLISIONS = {
    "40001": "two transactions could not be put in an order",
    "40P01": "two transactions waited for each other",
}
REASONS = {
    "08": "the connection to the database server was lost: it is made again",
    "57P": "the database server is going down or starting up: it is waited for",
    "57014": "the database server took longer than a statement may take: look at its load",
    "55P03": "a row or table stayed locked for too long: look for a transaction that stands open",
    "53100": "the disk of the database server is full: make room",
    "53300": "the database server has no connection left: raise its max_connections",
    "53": "the database server is out of memory or of something else: look at its log",
    "25P03": "a transaction of ours stood idle for too long and was ended",
    "25006": "the database server only reads: is it a standby?",
    "58": "the database server met an error of its system: look at its log",
}


def read_state(state: str, said: str, *, is_lost: bool) -> DatabaseUnavailable | None:
    """The most telling prefix counts; a lost connection needs no code."""
    if state in COLLISIONS:
        return Collided(f"{COLLISIONS[state]}, again and again ({said})")
    for length in (5, 3, 2):
        if reason := REASONS.get(state[:length]):
            return DatabaseUnavailable(f"{reason} ({said})")
    return DatabaseUnavailable(f"{REASONS['08']} ({said})") if is_lost else None
