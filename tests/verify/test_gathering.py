"""Books in which alerts wait and were told together add up, and damage to that is found."""

import pytest

from service.store.gathering.tables import Carried
from service.verify import Kind
from tests.books import count
from tests.dispatch.gathering import DAILY, let_go, wish
from tests.dispatch.office import claim_for
from tests.verify.test_verify import harm, look

SOME = 40


@pytest.fixture(autouse=True)
async def _gathered(db, clock):
    """Some alerts of the year were told in digests, and some wait for the next."""
    for name in ("first", "second"):
        await wish(db, name, **DAILY)
    await db.run_write(lambda session: claim_for(session, "us", clock(), SOME))
    clock.advance(hours=12)
    await let_go(db, clock)
    await db.run_write(lambda session: claim_for(session, "us", clock(), SOME))


async def sentences(db, log, kind=Kind.WRONG):
    return [str(one) for one in (await look(db, log))[0] if one.kind is kind]


async def test_books_in_which_much_waits_add_up(db, log):
    _, books = await look(db, log)
    assert await sentences(db, log) == []
    assert books.counted["carried"] == await count(db, Carried) > 10
    assert books.counted["gathered"] > 10


DAMAGES = {
    "waiting for nothing": (
        "DELETE FROM gathered",
        "waits for others, and nothing says until when",
    ),
    "told in nothing": ("DELETE FROM carried", "is said to be told in another alert, and none"),
    "a bundle that is gone": (
        "DELETE FROM alert WHERE cause LIKE 'digest:%'",
        "and one of the two is not there",
    ),
    "a bundle that is none": (
        "UPDATE alert SET cause = '' WHERE cause LIKE 'digest:%'",
        "whose cause is its change",
    ),
    "told to somebody else": (
        "UPDATE alert SET destination_id = 'other' WHERE cause LIKE 'digest:%'",
        "and carried by an alert to other",
    ),
    "told twice": (
        "UPDATE receipt SET outcome = 'delivered' WHERE outcome = 'digested'",
        "and did not end by that",
    ),
}


@pytest.mark.parametrize(("statement", "said"), DAMAGES.values(), ids=DAMAGES)
async def test_damage_is_found_and_explained(database_url, db, log, statement, said):
    await harm(database_url, statement)
    found = await sentences(db, log)
    assert any(said in one for one in found), found


async def test_what_nobody_lets_go_is_overdue(database_url, db, log):
    await harm(database_url, "UPDATE gathered SET due_at = '2025-04-10 01:00:00+00:00'")
    found = await sentences(db, log, Kind.OVERDUE)
    assert any("was to leave with others at 2025-04-10T01:00:00+00:00" in one for one in found)
