"""Looking for an event that is not in the books: by its source and id, not by any word in it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from service.core.why.trail import Place
from service.store.arrivals.tables import Outbox, Quarantine
from service.store.why import arrivals
from service.store.why.arrivals import find_outside
from tests.books import NOW

EVENT = {
    "source": "https://desk.example/ä",
    "id": "zür 17",
    "data": {"evidence": [{"publisher": "Reuters"}], "about": {"source": "s", "id": "e0"}},
}
ESCAPED = json.dumps(EVENT).replace("/", r"\/").encode()
HEADED = json.dumps([("ce_source", "s"), ("CE_ID", "Zürich".encode().decode("latin-1"))])


async def keep(db, *values, headers="[]", table=Quarantine):
    """Set aside, a minute after each other."""
    for number, value in enumerate(values):
        row = {"topic": "tariffs", "value": value, "headers": headers}
        row["at"] = NOW + timedelta(minutes=number)
        if table is Quarantine:
            row |= {"id": f"t-0-{number}", "partition": 0, "position": number, "reason": "odd"}
        async with db.write() as session:
            await session.execute(insert(table), [row])


async def look(db, given):
    return await db.run_read(lambda session: find_outside(session, given, 0))


@pytest.mark.parametrize("written", [ESCAPED, json.dumps(EVENT, ensure_ascii=False).encode()])
@pytest.mark.parametrize("given", ["zür 17", "https://desk.example/ä zür 17"])
async def test_it_is_found_however_it_was_escaped(db, written, given):
    await keep(db, b'{"id": "\\u0061nother"}', written)
    found = await look(db, given)
    assert (found.place, found.entry, found.is_guessed) == (Place.QUARANTINE, "t-0-1", False)
    assert (found.source, found.id) == (EVENT["source"], EVENT["id"])


@pytest.mark.parametrize("given", ["Reuters", "e0", "s e0", "https://desk.example/ä Reuters", "s"])
async def test_a_word_of_an_event_is_not_its_name(db, given):
    await keep(db, ESCAPED, json.dumps(EVENT, ensure_ascii=False).encode())
    await keep(db, ESCAPED, json.dumps(EVENT).encode(), table=Outbox)
    assert (await look(db, given)).place is Place.NOWHERE


async def test_it_is_found_by_its_headers_too(db):
    await keep(db, b"{}", headers=HEADED)
    assert (await look(db, "s Zürich")).entry == "t-0-0"
    assert (await look(db, "Zürich")).source == "s"
    assert (await look(db, "t Zürich")).place is Place.NOWHERE


async def test_what_cannot_be_read_is_found_by_its_bytes_where_nothing_else_is(db):
    await keep(db, b'{"id": "e1"', b'{"id": "e0", \xff')
    found = await look(db, "e1")
    assert (found.entry, found.is_guessed) == ("t-0-0", True)
    assert (await look(db, "e2")).place is Place.NOWHERE
    await keep(db, b'{"id": "e1", "source": "s"}', table=Outbox)
    assert (await look(db, "e1")).place is Place.OUTBOX


async def test_no_more_is_read_than_will_do_and_that_is_said(db, monkeypatch):
    monkeypatch.setattr(arrivals, "LOOKED_INTO", 2)
    escaped = [b'{"id": "\\u006f%d"}' % number for number in range(3)]
    await keep(db, *escaped, b'{"id": "o9"}')
    assert (await look(db, "o2")).entry == "t-0-2"
    assert (await look(db, "o9")).entry == "t-0-3"
    found = await look(db, "o0")
    assert (found.place, found.is_cut) == (Place.NOWHERE, True)
    monkeypatch.setattr(arrivals, "LOOKED_INTO", 9)
    assert (await look(db, "o0")).entry == "t-0-0"
    monkeypatch.setattr(arrivals, "READ_BYTES", 20)
    assert (await look(db, "o0")).is_cut
