"""What an installation knows of itself."""

import pytest

from service.log import Batch
from service.store.accounts import DEFAULT, ensure_default
from service.store.identity import WrongLog, know_log, know_self
from service.store.ids import new_id
from service.store.progress import move_bookmark
from service.store.tables import Account
from tests.books import NOW, Watch, rows


async def test_the_first_name_given_stays(db):
    names = []
    for fresh in ("first", "second"):
        async with db.write() as session:
            names.append(await know_self(session, fresh))
    assert names == ["first", "first"]


async def test_books_without_bookmarks_take_any_log(db):
    async with db.read() as session:
        await know_log(session, "any")


async def test_books_kept_from_another_log_refuse_with_the_remedy(db):
    async with db.write() as session:
        await move_bookmark(session, Batch("tariffs", 0, 0, 5, ()), "theirs")
    async with db.read() as session:
        await know_log(session, "theirs")
        with pytest.raises(WrongLog) as caught:
            await know_log(session, "mine")
    said = str(caught.value)
    assert "log theirs, this is mine" in said
    assert "TARIFFWIRE_LOG_URL" in said


async def test_the_default_account_is_entered_once(db):
    async with db.write() as session:
        await ensure_default(session, NOW.replace(year=2030))
    assert await rows(db, Account) == [(DEFAULT, "default", NOW)]


def test_ids_sort_by_the_time_they_were_made_and_differ_within_an_instant():
    clock = Watch()
    made = []
    for _ in range(50):
        made += [new_id("sub", clock()), new_id("sub", clock())]
        clock.advance(seconds=0.001)
    assert len(set(made)) == 100
    stems = [one[: len("sub_") + 12] for one in made]
    assert stems == sorted(stems)
    assert len(set(stems)) == 50
