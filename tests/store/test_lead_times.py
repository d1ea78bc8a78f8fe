"""Lead times are found whoever wrote them down, and copied with the books."""

from datetime import timedelta

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import delete

from service.core.match.subscription import LEAD
from service.store.following.tables import Filter
from service.store.installation import whole
from service.store.migrations import _configure
from service.store.reminders.leads import leads_in_use, note_leads
from service.store.reminders.tables import Reminder
from service.store.rows import insert_rows
from tests.books import NOW, rows, subscribe

REVISION = "4e81f0a7c25d"


def enter_leads(connection):
    """The part of the migration that reads the rules, on a connection of its own."""
    module = ScriptDirectory.from_config(_configure()).get_revision(REVISION).module
    with Operations.context(MigrationContext.configure(connection)):
        module._enter_leads()


async def test_rules_of_a_release_before_are_found_by_their_lead_times(db):
    await subscribe(db, "old", [], lead_times=[30, 7, 7])
    await subscribe(db, "plain", [])
    async with db.write() as session:
        await session.execute(delete(Filter).where(Filter.layer == LEAD))
    async with db.engine.begin() as connection:
        await connection.run_sync(enter_leads)
    found = await rows(db, Filter, "layer", "code", "subscription_id", order="id")
    assert [one[1:] for one in found if one[0] == LEAD] == [("7", "old"), ("30", "old")]


async def test_each_lead_time_is_noted_once_however_many_ask_for_it(db):
    for name, days in (("a", [7]), ("b", [7, 30]), ("c", [100])):
        await subscribe(db, name, [], lead_times=days)
    async with db.write() as session:
        assert await note_leads(session, NOW)
        assert await note_leads(session, NOW + timedelta(days=1))  # they are not spread yet
    async with db.read() as session:
        assert await leads_in_use(session) == {7: NOW, 30: NOW, 100: NOW}


async def test_reminders_are_read_page_by_page_when_books_are_copied(db, monkeypatch):
    monkeypatch.setattr(whole, "PAGE", 2)
    made = [
        {
            "subject": "measure:x",
            "turn": "ended",
            "at": NOW + timedelta(days=day),
            "handling": "live",
            "since": NOW,
            "due_at": NOW,
        }
        for day in range(5)
    ]
    await db.run_write(lambda session: insert_rows(session, Reminder, made))
    async with db.read() as session:
        assert (await whole.count_rows(session))["reminder"] == 5
        table = next(one for one in whole.list_tables() if one.name == "reminder")
        found, after = [], None
        while page := await whole.read_page(session, table, after):
            found += page
            after = whole.key_of(table, page[-1])
    assert [row["at"] for row in found] == [one["at"] for one in made]
    days = next(one for one in whole.list_tables() if one.name == "lead_time")
    assert days.autoincrement_column is None  # the days of a copy are those of its original
