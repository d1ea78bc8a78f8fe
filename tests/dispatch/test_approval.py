"""What is in doubt and would reach very many waits for a person."""

import pytest

import service.dispatch.plan as module
from service.core.sending.steering import Act, Gate, NotPossible
from service.dispatch.plan import Planner
from service.store.delivery.tables import Alert
from service.store.plans.tables import Fanout
from service.store.steering.stops import count_awaiting
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, count, rows, silent, subscribe, take
from tests.core.builders import claim, measure
from tests.dispatch.office import follow
from tests.dispatch.steering import say

NEW = Gate(audience=3, new_events=2)


@pytest.fixture
def give(db, log, clock):
    async def hand(*events):
        await take(consumer_of(db, log, clock), db, *events)

    return hand


@pytest.fixture
def plan(db, clock):
    """Plan all behind this gate; returns what the metrics counted."""

    async def run(gate=NEW):
        metrics = Metrics()
        while await Planner(db, clock, metrics, silent, gate).step():
            pass
        return metrics.registry.get_sample_value("tariffwire_approvals_asked_total")

    return run


async def crowd(db, many):
    for number in range(many):
        await follow(db, f"d{number}")


def law(number, **more):
    return measure(f"e{number}", rate=str(10 + number), measure=f"m{number}", **more)


async def states(db):
    return await rows(db, Fanout, "state", "is_open", "planned", order="number")


@pytest.fixture(params=[1, 2, 1000])
def page_size(request, monkeypatch):
    monkeypatch.setattr(module, "DESTINATIONS", request.param)


@pytest.mark.usefixtures("page_size")
async def test_what_was_denied_while_it_waited_is_denied_to_all_whom_it_reaches(
    db, clock, give, plan
):
    for number in range(4):
        name = await add_receiver(db, f"d{number}")
        await subscribe(db, f"s{number}", [name], kinds=["claim_made"])
    await give(law(1, certainty="rumour"))
    await plan()
    await give(claim("no", "e1", "denied"))
    await plan()
    assert await count(db, Alert) == 0
    await say(db, clock, Act.APPROVE)
    await plan()  # now the denial has too many whom it concerns, and is in doubt itself
    assert [state for state, _, _ in await states(db)] == ["approved", "awaiting_approval"]
    await say(db, clock, Act.APPROVE, 2)
    await plan()
    told = await rows(db, Alert, "destination_id", "change_id")
    assert len(told) == len(set(told)) == 8


@pytest.mark.usefixtures("page_size")
async def test_a_new_source_to_too_many_waits_until_it_is_approved(db, clock, give, plan):
    await crowd(db, 4)
    await give(law(1))
    assert await plan() == 1
    assert await states(db) == [("awaiting_approval", False, 0)]
    ((reason,),) = await rows(db, Fanout, "reason")
    assert reason == "more than 3 destinations, and its source is new (event 1)"
    assert await count(db, Alert) == 0
    async with db.read() as session:
        assert await count_awaiting(session) == 1
    await say(db, clock, Act.APPROVE)
    assert await plan() == 0
    assert await states(db) == [("approved", False, 4)]


async def test_those_behind_a_page_of_nobody_count_too(db, give, plan, monkeypatch):
    """In a wide walk, a first page may concern nobody at all."""
    monkeypatch.setattr(module, "DESTINATIONS", 1)
    monkeypatch.setattr(module, "WIDE", 0)
    await add_receiver(db, "a-first")
    await crowd(db, 4)
    await give(law(1))
    await plan()
    assert await states(db) == [("awaiting_approval", False, 0)]


async def test_to_few_it_goes_at_once(db, give, plan):
    await crowd(db, 3)
    await give(law(1))
    await plan()
    assert await states(db) == [("", False, 3)]


async def test_a_known_source_of_law_goes_at_once(db, give, plan):
    await crowd(db, 4)
    await give(law(1), law(2), law(3))
    await plan()
    assert await states(db) == [
        ("awaiting_approval", False, 0),
        ("awaiting_approval", False, 0),
        ("", False, 4),
    ]


async def test_what_is_no_law_yet_waits_from_whatever_source(db, give, plan):
    await crowd(db, 4)
    await give(law(1, certainty="announced"))
    await plan(Gate(audience=3))
    ((reason,),) = await rows(db, Fanout, "reason")
    assert reason == "more than 3 destinations, and it is only announced"


async def test_without_an_audience_nothing_waits(db, give, plan):
    await crowd(db, 4)
    await give(law(1, certainty="announced"))
    assert await plan(Gate(new_events=2)) == 0
    assert await states(db) == [("", False, 4)]


async def test_what_is_rejected_is_told_to_nobody(db, clock, give, plan):
    await crowd(db, 4)
    await give(law(1))
    await plan()
    await say(db, clock, Act.REJECT, reason="the source was broken into")
    await plan()
    assert await count(db, Alert) == 0
    assert await rows(db, Fanout, "state", "is_open", "reason", "is_unfinished") == [
        ("rejected", False, "the source was broken into", False)
    ]
    with pytest.raises(NotPossible, match="was rejected, and nobody is told of it"):
        await say(db, clock, Act.APPROVE)


async def test_what_was_approved_and_halted_does_not_ask_again(db, clock, give, plan):
    await crowd(db, 4)
    await give(law(1))
    await plan()
    await say(db, clock, Act.APPROVE)
    await say(db, clock, Act.HALT)
    await plan()
    assert await count(db, Alert) == 0
    await say(db, clock, Act.RESUME)
    await plan()
    assert await states(db) == [("approved", False, 4)]
