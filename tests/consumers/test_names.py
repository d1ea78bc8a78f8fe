"""Which measure an event joins, through the books."""

import pytest

from service.store.standings.tables import Alias, Event, Subject
from tests.books import rows
from tests.core.builders import measure

START = "2025-04-10"
KEYLESS = {"measure": None}


def law(name, **fields):
    return measure(name, rate="25", effective_at=START, **fields)


async def subjects(db):
    return dict(await rows(db, Event, "id", "subject"))


@pytest.fixture(params=["one batch", "batch by batch", "restarted"])
def send(request, give, restarted):
    """All at once, one by one, or by a consumer that remembers nothing."""

    async def hand(*events):
        for batch in [events] if request.param == "one batch" else [[one] for one in events]:
            await give(*batch, by=restarted() if request.param == "restarted" else None)

    return hand


async def test_an_alias_leads_to_the_measure(db, send):
    await send(
        law("one", measure="k", aliases=["EO 14257", "9903.01.25"]),
        law("two", aliases=["EO 14257"], programme="another", **KEYLESS),
        law("three", measure="9903.01.25"),
    )
    assert set((await subjects(db)).values()) == {"measure:k"}
    assert await rows(db, Alias) == [("9903.01.25", "measure:k"), ("EO 14257", "measure:k")]


async def test_without_key_or_alias_importer_programme_and_origin_decide(db, send):
    await send(law("one", **KEYLESS), law("two", **KEYLESS), law("other", programme="x", **KEYLESS))
    assert await subjects(db) == {
        "one": "measure:us-s301-test-cn",
        "two": "measure:us-s301-test-cn",
        "other": "measure:us-x-cn",
    }
    assert {flag for (flag,) in await rows(db, Subject, "flagged")} == {False}


async def test_the_goods_never_make_another_measure(db, send):
    cars = {"scope": "codes", "include": ["8703"]}
    await send(law("one", **KEYLESS), law("two", product=cars, **KEYLESS))
    assert len(set((await subjects(db)).values())) == 1


async def test_an_ambiguous_one_is_kept_as_new_and_flagged(db, send):
    await send(law("one", measure="k"), law("two", measure="j"), law("three", **KEYLESS))
    found = await subjects(db)
    assert found["three"].startswith("measure:us-s301-test-cn#")
    assert dict(await rows(db, Subject, "key", "flagged")) == {
        "measure:k": False,
        "measure:j": False,
        found["three"]: True,
    }


async def test_an_event_keeps_its_measure_though_its_name_became_ambiguous(db, send):
    one = law("one", **KEYLESS)
    await send(one, law("two", measure="k"), one)
    assert await subjects(db) == {"one": "measure:us-s301-test-cn", "two": "measure:k"}
    assert len(await rows(db, Subject, "key")) == 2
