"""Histories kept between questions: read again when they grow, cut to what was known."""

from datetime import timedelta

import pytest

from service.api.rates import memory
from service.api.rates.memory import Memory
from tests.books import NOW, consumer_of, take
from tests.core.builders import measure
from tests.store.rates.made import LATER, codes, net, one_of


@pytest.fixture
async def house(db, log):
    return consumer_of(db, log)


async def test_a_scope_that_grows_is_found_by_what_was_added(db, house):
    added = {"product": codes("9503"), "rate": "10", "measure": "m1"}
    await take(house, db, one_of(1), measure("e2", "scope_extended", **added))
    found = await Memory(db).find(net("950300"), LATER)
    assert [len(one.history.entries) for one in found] == [2]


async def test_what_is_kept_is_read_again_when_it_grows(db, house):
    held = Memory(db)
    await take(house, db, one_of(1))
    (first,) = await held.find(net(), LATER)
    (again,) = await held.find(net(), LATER)
    assert again is first
    raised = one_of(1, rate="20") | {"id": "raised"}
    raised["data"]["action"] = "increased"
    await take(house, db, raised)
    (grown,) = await held.find(net(), LATER)
    assert len(grown.history.entries) == 2


async def test_what_was_not_known_yet_is_not_there(db, house):
    held = Memory(db)
    await take(house, db, one_of(1))
    assert await held.find(net(), NOW - timedelta(days=1)) == []


async def test_the_measure_asked_longest_ago_is_let_go_first(db, house, monkeypatch):
    monkeypatch.setattr(memory, "MOST_EVENTS", 2)
    held = Memory(db)
    await take(house, db, one_of(1), one_of(2, "8704"), one_of(3, "8705"))
    for code in ("870323", "870421", "870323", "870520"):
        assert len(await held.find(net(code), LATER)) == 1
    assert list(held._kept) == ["measure:m1", "measure:m3"]
    assert len(await held.find(net("87"), LATER)) == 3  # an answer may need more than is kept


async def test_only_so_many_earlier_states_of_knowledge_are_kept(db, house, monkeypatch):
    monkeypatch.setattr(memory, "CUTS", 2)
    held = Memory(db)
    events = []
    for number in range(4):
        known = (NOW - timedelta(days=10 - number)).isoformat()
        raised = one_of(1, rate=str(number + 1)) | {"id": f"e{number}", "knownfrom": known}
        raised["data"]["action"] = "increased"
        events.append(raised)
    await take(house, db, *events)
    for number in range(4):
        at = NOW - timedelta(days=10 - number)
        (found,) = await held.find(net(), at)
        assert len(found.history.entries) == number + 1
    (kept,) = held._kept.values()
    assert len(kept.cuts) == 2
