"""Books that add up, and each kind of damage that makes them not."""

import sqlite3
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import make_url

from service.log import Record, open_log
from service.store.arrivals.outbox import put
from service.store.delivery.tables import Alert
from service.store.standings.tables import Change, Event
from service.verify import Books, Kind, walk
from tests.books import NOW, Watch, rows
from tests.verify.conftest import CLAIMED

LATER = NOW + timedelta(days=1)
LONG_AGO = NOW - timedelta(days=6 * 365)


async def look(db, log=None, kept_since=LONG_AGO, **given):
    """All findings, and how much was looked at."""
    async with db.read() as session:
        books = Books(session, LATER, kept_since, **given)
        return [one async for one in walk(books, log)], books


async def harm(url, statement):
    """Behind the back of everything that guards the books."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with sqlite3.connect(parsed.database) as connection:
            connection.execute(
                _in_words_of(statement, "CAST(replace(CAST(body AS TEXT), {}) AS BLOB)")
            )
        connection.close()
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        rewritten = "convert_to(replace(convert_from(body, 'UTF8'), {}), 'UTF8')"
        await connection.execute(_in_words_of(statement, rewritten))
    finally:
        await connection.close()


def _in_words_of(statement, rewritten):
    """`REWRITE ['old', 'new']` is the body of a row with a part replaced."""
    before, marked, rest = statement.partition("REWRITE [")
    if not marked:
        return statement
    swap, _, after = rest.partition("]")
    return before + rewritten.format(swap) + after


async def test_a_healthy_year_adds_up(db, log):
    told = []
    found, books = await look(db, log, tell=lambda *said: told.append(said))
    assert [str(one) for one in found] == []
    assert books.counted["events"] == len(await rows(db, Event, "id"))
    assert books.counted["changes"] == len(await rows(db, Change, "id"))
    assert books.counted["alerts"] == len(await rows(db, Alert, "id"))
    assert books.counted["standings"] > 100
    assert books.counted["receipts"] == CLAIMED
    assert ("changes", books.counted["changes"]) in told


CHANGED = "number = (SELECT min(number) FROM event WHERE outcome = 'changed')"
DAMAGES = {
    "an outcome": (
        f"UPDATE event SET outcome = 'evidence_only' WHERE {CHANGED}",
        "has the outcome evidence_only, and names change",
    ),
    "an outcome that is none": (
        f"UPDATE event SET outcome = 'duplicate' WHERE {CHANGED}",
        "has the outcome 'duplicate', in which no event ends",
    ),
    "the change of an event forgotten": (
        f"UPDATE event SET change_id = NULL WHERE {CHANGED}",
        "has the outcome changed, and names no change",
    ),
    "another event's change": (
        f"UPDATE event SET change_id = (SELECT id FROM change WHERE number = 9) WHERE {CHANGED}",
        "which no event of its identity and subject makes",
    ),
    "a subject forgotten": (
        "UPDATE event SET subject = NULL WHERE id = 'trial'",
        "which no event of its identity and subject makes",
    ),
    "no subject": (
        (
            "UPDATE event SET subject = NULL WHERE number ="
            " (SELECT min(number) FROM event WHERE outcome = 'evidence_only')"
        ),
        "has the outcome evidence_only, and no subject",
    ),
    "a waiting claim with a subject": (
        "UPDATE event SET subject = 'measure:us-test-cn' WHERE outcome = 'waiting'",
        "has the outcome waiting, and yet the subject measure:us-test-cn",
    ),
    "an event that waits and is no claim": (
        "UPDATE event SET outcome = 'waiting', subject = NULL, change_id = NULL WHERE id = 'late'",
        "has the outcome waiting, and is no claim",
    ),
    "a claim left waiting": (
        "UPDATE event SET outcome = 'waiting', subject = NULL, change_id = NULL WHERE id = 'early'",
        "(https://ustr.example/notices late), which has come",
    ),
    "a test passed off as real": (
        "UPDATE event SET handling = 'live' WHERE id = 'trial'",
        "is live, and names change",
    ),
    "an event lost": ("DELETE FROM event WHERE number = 7", "event 7 is missing"),
    "its cause lost": (
        f"DELETE FROM event WHERE {CHANGED}",
        "was made by event https://ustr.example/notices early, which is not there",
    ),
    "a change lost": (
        "DELETE FROM change WHERE number = 10",
        "which is not there",
    ),
    "a change of another subject": (
        "UPDATE change SET subject = 'measure:other' WHERE number = 10",
        ", which is about measure:other",
    ),
    "a column of a change": (
        "UPDATE change SET sequence = sequence + 1 WHERE number = 10",
        "in its row, and",
    ),
    "the kind of a change": (
        "UPDATE change SET kind = 'upcoming' WHERE number = 10",
        "has the kind upcoming in its row, and",
    ),
    "a change that is none": (
        "UPDATE change SET body = REWRITE ['{', ''] WHERE number = 10",
        "has a content that cannot be read",
    ),
    "a change disowned by its event": (
        (
            "UPDATE event SET change_id = NULL, outcome = 'evidence_only' WHERE change_id ="
            " (SELECT id FROM change WHERE number = 10)"
        ),
        ", which says that it made None",
    ),
    "a fan-out lost": ("DELETE FROM fanout WHERE number = 5", "has no fan-out"),
    "a fan-out misnumbered": (
        "UPDATE fanout SET number = 5000 WHERE number = 5",
        "has a fan-out that is numbered 5000",
    ),
    "an event that says something else": (
        "UPDATE event SET body = REWRITE ['\"125\"', '\"124\"'] WHERE id = 'us-cn-recip-125'",
        "was recorded as",
    ),
    "an event that says nothing": (
        "UPDATE event SET body = REWRITE ['\"data\"', '\"date\"'] WHERE id = 'us-cn-recip-125'",
        "has a content that cannot be read",
    ),
    "a change rewritten": (
        (
            "UPDATE change SET body = REWRITE ['\"retroactive\":false', '\"retroactive\":true']"
            " WHERE number = 10"
        ),
        "whose retroactive was recorded as True, and is False",
    ),
    "a count of events": (
        "UPDATE subject SET events = events + 1 WHERE key = 'measure:us-test-cn'",
        "subject measure:us-test-cn records 4 as its events, and its events give 3",
    ),
    "a count of changes": (
        "UPDATE subject SET sequence = sequence - 1 WHERE key = 'measure:us-test-cn'",
        "as its changes, and its events give",
    ),
    "a subject lost": (
        "DELETE FROM subject WHERE key = 'measure:us-test-cn'",
        "is about measure:us-test-cn, which is no subject of the books",
    ),
    "a delivery lost": (
        "DELETE FROM delivery WHERE id = (SELECT id FROM delivery LIMIT 1)",
        "is neither on its way nor held nor ended: it would never be sent",
    ),
    "a delivery that ended and goes on": (
        (
            "INSERT INTO receipt (delivery_id, outcome, reason, attempts, finished_at, sha256)"
            " SELECT id, 'delivered', '', 1, visible_at, '' FROM delivery LIMIT 1"
        ),
        "is on its way and ended by a receipt at once",
    ),
    "a delivery of nothing": (
        "DELETE FROM alert WHERE id = (SELECT id FROM delivery LIMIT 1)",
        "belongs to no alert: it would be sent out of nowhere",
    ),
    "a held delivery of nothing": (
        "DELETE FROM alert WHERE id = (SELECT delivery_id FROM held LIMIT 1)",
        "belongs to no alert",
    ),
    "a delivery to nobody": (
        "UPDATE delivery SET destination_id = 'gone' WHERE id = (SELECT id FROM delivery LIMIT 1)",
        "is on its way to gone, which is not there: it would never end",
    ),
    "a held delivery to nobody": (
        "UPDATE held SET destination_id = 'gone'",
        "is for gone, which is not there: it would never end",
    ),
    "a delivery held for nobody": (
        "UPDATE held SET owner_id = 'gone'",
        "is held for gone, which is not there: nobody would let it go",
    ),
    "a receipt of nothing": (
        "DELETE FROM alert WHERE id = (SELECT delivery_id FROM receipt LIMIT 1)",
        "belongs to no alert",
    ),
    "an alert of nothing": (
        "DELETE FROM change WHERE id = (SELECT change_id FROM alert LIMIT 1)",
        "tells of change",
    ),
    "attempts not counted": (
        (
            "UPDATE receipt SET attempts = 0 WHERE delivery_id ="
            " (SELECT delivery_id FROM receipt LIMIT 1)"
        ),
        "counts 0 attempts, and attempt 1 was made",
    ),
    "an attempt made twice": (
        (
            "UPDATE attempt SET delivery_id = (SELECT id FROM delivery LIMIT 1), number = 9"
            " WHERE delivery_id = (SELECT delivery_id FROM attempt LIMIT 1)"
        ),
        "comes to attempt 1, and attempt 9 was made",
    ),
    "a bookmark past the end": (
        "UPDATE progress SET next = next + 5",
        "the bookmark of tariffs/0 stands at",
    ),
    "a bookmark of another log": (
        "UPDATE progress SET log_id = 'another'",
        "the bookmark of tariffs/0 was set on log another, and this is log",
    ),
    "numbers never given": (
        "UPDATE counter SET last = last + 3 WHERE name = 'alerts'",
        "are missing",
    ),
    "a number to be given again": (
        "UPDATE counter SET last = last - 1 WHERE name = 'events'",
        "it would be given again",
    ),
}


@pytest.mark.parametrize(("statement", "said"), DAMAGES.values(), ids=DAMAGES)
async def test_damage_is_found_and_explained(database_url, db, log, statement, said):
    await harm(database_url, statement)
    found, _ = await look(db, log)
    sentences = [str(one) for one in found if one.kind is Kind.WRONG]
    assert any(said in one for one in sentences), sentences


async def test_a_lease_long_past_its_time_is_overdue(database_url, db, log):
    some = "(SELECT id FROM delivery LIMIT 1)"
    await harm(database_url, f"UPDATE delivery SET lease = 'gone' WHERE id = {some}")
    ((found,), _) = await look(db, log)
    assert found.kind is Kind.OVERDUE
    assert "was claimed by gone until 2025-04-09T20:00:00+00:00, and nobody took it" in str(found)


async def test_an_outbox_that_stands_still_is_overdue(db, log):
    async with db.write() as session:
        await put(session, "tariffs", [Record(None, b"{}")], NOW)
    ((found,), _) = await look(db, log)
    assert found.kind is Kind.OVERDUE
    assert str(found).startswith("the outbox of tariffs holds 1 events, the oldest since 2025-04")


async def test_an_outbox_on_the_move_is_none_of_it(db, log):
    async with db.write() as session:
        await put(session, "tariffs", [Record(None, b"{}")], LATER)
    assert (await look(db, log))[0] == []


async def test_change_numbers_that_were_skipped_are_worth_a_note(database_url, db, log):
    await harm(database_url, "UPDATE counter SET last = last + 3 WHERE name = 'changes'")
    ((found,), _) = await look(db, log)
    assert found.kind is Kind.NOTE


async def test_what_may_have_been_pruned_is_not_missed(database_url, db, log):
    for table in ("receipt", "held"):
        of_first = "delivery_id IN (SELECT id FROM alert WHERE number = 1)"
        await harm(database_url, f"DELETE FROM {table} WHERE {of_first}")
    await harm(database_url, "DELETE FROM alert WHERE number = 1")
    found, _ = await look(db, log)
    assert "alert 1 is missing" in map(str, found)
    found, _ = await look(db, log, kept_since=LATER)
    assert "alert 1 is missing" not in map(str, found)


async def test_the_log_of_another_installation_is_recognised(db, tmp_path):
    async with open_log(f"sqlite:///{tmp_path}/other.db", Watch()) as other:
        found, _ = await look(db, other)
    assert "and this is log" in str(found[0])


async def test_without_a_log_the_rest_is_checked(db):
    found, books = await look(db)
    assert found == []
    assert books.counted["standings"] > 100
