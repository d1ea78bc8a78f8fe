"""Why a bookmark does not fit a log, in the same words whatever keeps the records."""

from service.log import LogMisfit, Position

ADOPT = "declare that they belong together from now on: `tariffwire adopt`"


def fit(held: Position, log_id: str, where: str, start: int, end: int) -> int:
    """Where the reader goes on; `LogMisfit` says which way it lies outside, and how to mend it."""
    if held.log_id == log_id and start <= held.next <= end:
        return held.next
    raise LogMisfit(_misfit(held, log_id, where, start, end))


def lost(where: str, place: int, start: int) -> str:
    """Why a reader below the start may not go on."""
    return (
        f"A reader stands at {place}, but {where} begins at {start}:"
        " what lay between was dropped unread. Restore a log that still holds it,"
        f" or accept the loss and {ADOPT}."
    )


def _misfit(held: Position, log_id: str, where: str, start: int, end: int) -> str:
    if held.log_id != log_id:
        return (
            f"The bookmark belongs to the log {held.log_id}, but {where} is {log_id}:"
            " the database and the log come from different installations."
            f" Restore the log that belongs to the database, or {ADOPT}."
        )
    if held.next < start:
        return lost(where, held.next, start)
    return (
        f"The bookmark says {held.next}, but {where} ends at {end}: the log is older than"
        " the database. Restore a log that was copied after the database,"
        f" or accept the loss and {ADOPT}."
    )
