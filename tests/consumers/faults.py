"""Faults of our own, made by a trigger: something in the books fails that no event can mend."""

from sqlalchemy import text

from service.store.database import Database


async def forbid(db: Database, event: str) -> None:
    """From now on the books refuse this event."""
    await _fail(db, "INSERT ON event", f"NEW.id = '{event}'", "the disk is on fire")


async def forbid_two_changes_at_once(db: Database) -> None:
    """Two changes in one transaction are one too many."""
    condition = "NEW.name = 'changes' AND NEW.last > OLD.last + 1"
    await _fail(db, "UPDATE OF last ON counter", condition, "too much at once")


async def mend(db: Database) -> None:
    """The books take the event again."""
    of_table = " ON event" if _is_server(db) else ""
    await _run(db, f"DROP TRIGGER fault{of_table}")


async def _fail(db: Database, when: str, condition: str, words: str) -> None:
    if not _is_server(db):
        body = f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        await _run(db, f"CREATE TRIGGER fault BEFORE {when} WHEN {condition} {body}")
        return
    body = f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$"
    await _run(db, f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS {body}")
    fires = f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION fault()"
    await _run(db, f"CREATE TRIGGER fault BEFORE {when} {fires}")


async def _run(db: Database, statement: str) -> None:
    async with db.write() as session:
        await session.execute(text(statement))


def _is_server(db: Database) -> bool:
    return db.engine.dialect.name == "postgresql"
