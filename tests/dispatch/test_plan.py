"""From changes to deliveries, on real books."""

import json
import random

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

import service.dispatch.plan as module
from service.core.change import read_change
from service.core.codes.countries import _countries
from service.core.codes.harmonized import descriptions
from service.core.match import Match, facts_of, match
from service.dispatch.page import read_rule
from service.dispatch.plan import Planner
from service.store.delivery.holding import disable, hold, release
from service.store.delivery.tables import Alert, Delivery, Held
from service.store.following.tables import Subscription
from service.store.plans.fanouts import record_pages
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, count, rows, silent, subscribe, take
from tests.core.builders import measure, step, threat
from tests.dispatch.office import claim_for

START = "2025-04-10T00:01:00-04:00"


def law(name, rate="25", action="imposed", key="us-test-cn", **fields):
    return measure(name, action, rate=rate, effective_at=START, measure=key, **fields)


@pytest.fixture
def give(db, log, clock):
    async def hand(*events):
        await take(consumer_of(db, log, clock), db, *events)

    return hand


@pytest.fixture
def plan(db, clock):
    """Plan all; a new planner for each step remembers nothing, as after a crash."""

    async def run(steps=None):
        taken = 0
        has_more = True
        while has_more and taken != steps:
            has_more = await Planner(db, clock, Metrics(), silent).step()
            taken += 1
        return taken

    return run


async def told(db):
    """destination → the subscriptions of each of its alerts, in the order of the alerts."""
    found = {}
    for destination, matched in await rows(db, Alert, "destination_id", "matched", order="number"):
        names = [one["subscription"] for one in json.loads(matched)]
        found.setdefault(destination, []).append(names)
    return found


async def due(db, clock, limit=1000):
    async with db.write() as session:
        return await claim_for(session, "lease", clock(), limit, 30)


async def order_due(db):
    """Ids of what waits, in the order in which it will be claimed."""
    async with db.read() as session:
        wanted = select(Delivery.id).order_by(Delivery.visible_at, Delivery.number)
        return list((await session.execute(wanted)).scalars())


async def test_several_subscriptions_to_one_destination_are_one_delivery(db, give, plan):
    await add_receiver(db, "desk")
    await subscribe(db, "china", ["desk"], {"country": "CN"})
    await subscribe(db, "everything", ["desk"])
    await subscribe(db, "vietnam", ["desk"], {"country": "VN"})
    await give(law("one"))
    await plan()
    assert await told(db) == {"desk": [["china", "everything"]]}
    assert await count(db, Delivery) == 1
    ((matched,),) = await rows(db, Alert, "matched")
    assert json.loads(matched)[0] == {
        "subscription": "china",
        "name": "china",
        "external_id": None,
        "labels": {},
        "metadata": {},
        "lane": 1,
        "reason": json.loads(matched)[0]["reason"],
        "possible": False,
        "six_digits": False,
        "yours": [],
    }
    assert "China" in json.loads(matched)[0]["reason"]


async def test_a_subscription_to_two_destinations_is_two_deliveries(db, give, plan):
    for name in ("here", "there"):
        await add_receiver(db, name)
    await subscribe(db, "all", ["here", "there"])
    await give(law("one"))
    await plan()
    assert await told(db) == {"here": [["all"]], "there": [["all"]]}


async def test_a_change_is_not_planned_for_who_came_after_it(db, give, plan):
    await add_receiver(db, "desk")
    await subscribe(db, "early", ["desk"])
    await give(law("one"))
    await subscribe(db, "late", ["desk"])
    await plan()
    await give(law("two", "50", "increased"))
    await plan()
    assert await told(db) == {"desk": [["early"], ["early", "late"]]}


async def test_a_change_that_concerns_nobody_is_planned_too(db, give, plan):
    await give(law("one"))
    assert await plan() == 1
    assert await rows(db, Fanout, "is_open", "planned") == [(False, 0)]


async def test_planning_again_makes_nothing_twice(db, give, plan):
    await add_receiver(db, "desk")
    await subscribe(db, "all", ["desk"])
    await give(law("one"))
    await plan()
    before = await rows(db, Alert)
    assert await plan() == 1
    assert await rows(db, Alert) == before


async def a_population(db, give, size=7):
    for place in range(size):
        name = f"d{place}"
        await add_receiver(db, name)
        await subscribe(db, f"all-{name}", [name])
        if place % 2:
            await subscribe(db, f"china-{name}", [name], {"country": "CN"})
        else:
            await subscribe(db, f"mexico-{name}", [name], {"country": "MX"})
    await give(law("one"), law("two", "50", "increased"), law("three", key="k"))


@pytest.fixture(params=[0, 5000], ids=["wide", "narrow"])
def way(request, monkeypatch):
    """Walking all destinations, or asking the index."""
    monkeypatch.setattr(module, "WIDE", request.param)


@pytest.mark.parametrize("page", [1, 2, 3, 7])
@pytest.mark.usefixtures("way")
async def test_paging_resumes_after_a_crash_without_loss_or_doubles(
    db, give, plan, monkeypatch, page
):
    await a_population(db, give)
    monkeypatch.setattr(module, "DESTINATIONS", page)
    assert await plan() >= 3 * 7 // page
    found = await told(db)
    assert {name: len(alerts) for name, alerts in found.items()} == {f"d{n}": 3 for n in range(7)}
    assert all(alerts[0] == alerts[1] == alerts[2] for alerts in found.values())
    assert found["d1"][0] == ["all-d1", "china-d1"]
    assert found["d2"][0] == ["all-d2"]
    assert await count(db, Delivery) == 21
    assert [number for (number,) in await rows(db, Alert, "number", order="number")] == list(
        range(1, 22)
    )
    assert set(await rows(db, Fanout, "is_open", "planned")) == {(False, 7)}


async def test_a_page_and_its_cursor_move_together(db, give, plan, monkeypatch):
    await a_population(db, give)
    monkeypatch.setattr(module, "DESTINATIONS", 2)
    await plan(steps=1)
    (first, *others) = await rows(db, Fanout, "cursor", "is_open", "planned", order="number")
    assert first == ("d1", True, 2)
    assert others == [("", True, 0)] * 2
    assert await count(db, Alert) == await count(db, Delivery) == 2


async def test_a_page_that_fails_leaves_nothing_behind(db, give, plan, clock):
    await a_population(db, give)
    async with db.write() as session:
        await session.execute(text("CREATE UNIQUE INDEX fault ON delivery (attempt)"))
    with pytest.raises(IntegrityError):
        await plan()
    assert await count(db, Alert) == await count(db, Delivery) == 0
    assert set(await rows(db, Fanout, "cursor", "is_open")) == {("", True)}


async def test_two_planners_with_the_same_page_write_it_once(db, give, clock):
    await a_population(db, give)
    planner = Planner(db, clock, Metrics(), silent)
    turn = await db.run_write(planner._turn_pages)
    for _ in range(2):
        async with db.write() as session:
            await record_pages(session, turn.pages, clock())
    assert await count(db, Alert) == await count(db, Delivery) == 21


async def test_narrow_and_wide_ways_give_the_same_alerts(db, give, plan, monkeypatch, clock):
    await a_population(db, give)
    monkeypatch.setattr(module, "WIDE", 0)
    wide = await _pages(db, clock)
    monkeypatch.setattr(module, "WIDE", 5000)
    assert await _pages(db, clock) == wide
    assert len(wide) == 21


async def _pages(db, clock):
    planner = Planner(db, clock, Metrics(), silent)
    turn = await db.run_write(planner._turn_pages)
    return sorted((row["id"], row["matched"]) for page in turn.pages for row in page.alerts)


async def test_the_sender_is_woken_only_for_deliveries(db, give, clock):
    rings = []
    planner = Planner(db, clock, Metrics(), lambda: rings.append(1))
    await give(law("one"))
    await planner.step()
    assert rings == []
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await give(law("two", "50", "increased"))
    await planner.step()
    assert rings == [1]


# Held, and released again


async def test_what_a_paused_subscription_would_get_is_held_and_released_in_order(
    db, give, plan, clock
):
    await add_receiver(db, "desk")
    await subscribe(db, "all", ["desk"], state="paused")
    await give(*[law(f"e{n}", str(10 + n), "increased" if n else "imposed") for n in range(9)])
    await plan()
    assert await count(db, Delivery) == 0
    assert {owner for (owner,) in await rows(db, Held, "owner_id")} == {"all"}
    async with db.write() as session:
        assert await release(session, "all", clock()) == 9
    assert await count(db, Held) == 0
    made = [alert for (alert,) in await rows(db, Alert, "id", order="number")]
    assert await order_due(db) == made
    assert [one.id for one in await due(db, clock)] == made


async def test_one_that_is_not_paused_is_enough(db, give, plan):
    await add_receiver(db, "desk")
    await subscribe(db, "paused", ["desk"], state="paused")
    await subscribe(db, "active", ["desk"])
    await give(law("one"))
    await plan()
    assert await count(db, Held) == 0
    assert await told(db) == {"desk": [["active", "paused"]]}


async def test_of_several_paused_subscriptions_the_first_released_sends_it_once(
    db, give, plan, clock
):
    await add_receiver(db, "desk")
    for name in ("one", "two"):
        await subscribe(db, name, ["desk"], state="paused")
    await give(law("one"))
    await plan()
    assert await count(db, Held) == 2
    async with db.write() as session:
        assert await release(session, "two", clock()) == 1
        assert await release(session, "one", clock()) == 0
    assert (await count(db, Held), await count(db, Delivery)) == (0, 1)


async def test_what_a_stopped_destination_would_get_is_held_for_it(db, give, plan, clock):
    await add_receiver(db, "desk")
    await subscribe(db, "all", ["desk"], state="paused")
    async with db.write() as session:
        await disable(session, "desk", "on holiday", clock(), "paused")
    await give(law("one"))
    await plan()
    assert await rows(db, Held, "owner_id", "destination_id") == [("desk", "desk")]


async def test_what_is_released_to_a_stopped_destination_stays_held_for_that(db, give, plan, clock):
    await add_receiver(db, "desk")
    await subscribe(db, "all", ["desk"], state="paused")
    await give(law("one"))
    await plan()
    async with db.write() as session:
        await disable(session, "desk", "gone", clock())
        assert await release(session, "all", clock()) == 0
    assert await rows(db, Held, "owner_id") == [("desk",)]


async def test_what_already_waits_can_be_held(db, give, plan, clock):
    await a_population(db, give)
    await plan()
    async with db.write() as session:
        held = await hold(session, "d3", clock(), Delivery.destination_id == "d3")
    assert held == 3
    assert await count(db, Delivery) == 18
    assert set(await rows(db, Held, "owner_id", "attempt")) == {("d3", 1)}


# Minima


@pytest.mark.parametrize("split", [True, False])
async def test_a_minimum_is_judged_against_what_was_last_told(db, give, plan, split):
    await add_receiver(db, "desk")
    await subscribe(db, "big", ["desk"], min_delta_pp="5")
    events = [
        law(f"e{rate}", str(rate), "increased" if place else "imposed")
        for place, rate in enumerate((20, 23, 26, 30, 31))
    ]
    for batch in [[one] for one in events] if split else [events]:
        await give(*batch)
        if split:
            await plan()
    await plan()
    rates = [pp for (pp,) in await rows(db, Alert, "told_pp", order="number")]
    assert rates == ["20", "26", "31"]


async def test_each_destination_has_been_told_its_own(db, give, plan):
    for name in ("all", "big"):
        await add_receiver(db, name)
    await subscribe(db, "all", ["all"])
    await subscribe(db, "big", ["big", "all"], min_delta_pp="5")
    for place, rate in enumerate((20, 23, 26)):
        await give(law(f"e{rate}", str(rate), "increased" if place else "imposed"))
        await plan()
    found = await told(db)
    assert found == {"all": [["all", "big"], ["all"], ["all"]], "big": [["big"], ["big"]]}


async def test_a_test_alert_does_not_pass_for_what_was_told(db, give, plan):
    await add_receiver(db, "desk")
    await subscribe(db, "big", ["desk"], min_delta_pp="5")
    await give(law("one", "20"), law("trial", "90", "increased", handling="test"))
    await plan()
    await give(law("two", "21", "increased"))
    await plan()
    assert [pp for (pp,) in await rows(db, Alert, "told_pp", order="number")] == ["20", None]


# Narrowing

COUNTRIES = ["US", "CN", "VN", "MX", "EU", "DE", "GB", "JP"]
CODES = ["87", "8703", "8703.23", "9401", "9401.61", "94", "72", "7208", "0101.21"]
NATIONAL = ["8703.23.01", "9401.61.40", "7208.10.15"]
KEYS = [f"m{number}" for number in range(60)]


def a_lane(chance):
    lane = {}
    if chance.random() < 0.1:
        return {"measures": chance.sample(KEYS, 2)}
    if chance.random() < 0.15:
        return {"party": chance.choice(COUNTRIES)}
    for role, likely in (("country", 0.4), ("importer", 0.3), ("origin", 0.3)):
        if chance.random() < likely:
            lane[role] = chance.choice(COUNTRIES)
    if chance.random() < 0.5:
        if chance.random() < 0.3:
            lane["product"] = {"nomenclature": "HTS", "codes": chance.sample(NATIONAL, 1)}
        else:
            lane["product"] = {"codes": chance.sample(CODES, chance.randint(1, 2))}
    if chance.random() < 0.2:
        lane["programmes"] = ["S301-test"]
    return lane


def a_rule(chance):
    rule = {"lanes": [a_lane(chance) for _ in range(chance.choice([1, 1, 2, 3]))]}
    if chance.random() < 0.3:
        rule["possible"] = True
    if chance.random() < 0.2:
        rule["blanket"] = False
    if chance.random() < 0.2:
        rule["min_certainty"] = chance.choice(["announced", "official_statement"])
    return rule


def an_event(chance, number):
    if chance.random() < 0.25:
        said = step(f"e{number}", chance.choice(["outreach", "under_way", "framework"]))
        parties = chance.sample(COUNTRIES, chance.choice([2, 2, 3]))
        said["data"]["parties"] = [{"code": code, "role": "counterpart"} for code in parties]
        if chance.random() < 0.2:
            said["data"]["parties"].append({"code": None, "role": "contacted", "count": {"low": 5}})
        return said
    kind = chance.choice(["country", "group", "all"])
    named = chance.sample(COUNTRIES, {"country": 1, "group": 3, "all": 0}[kind])
    fields = {
        "importer": chance.choice(COUNTRIES),
        "origin": {"kind": kind, **({"members": named} if named else {"except": ["MX"]})},
        "product": a_product(chance),
        "programme": chance.choice(["S301-test", "S232"]),
        "measure": KEYS[number],
    }
    makes = threat if chance.random() < 0.3 else law
    fields |= {"key": fields.pop("measure")} if makes is law else {}
    return makes(f"e{number}", **fields)


def a_product(chance):
    scope = chance.choice(["all", "codes", "codes", "codes", "described", "unknown"])
    if scope != "codes":
        return {"scope": scope, "text": "cars and such"}
    if chance.random() < 0.3:
        return {"scope": "codes", "nomenclature": "CN", "include": ["87032310", "94016100"]}
    return {
        "scope": "codes",
        "include": [code.replace(".", "") for code in chance.sample(CODES, 2)],
    }


@pytest.mark.usefixtures("way")
async def test_narrowing_loses_no_match(db, give, plan):
    chance = random.Random(20250402)
    rules = {f"s{number:03}": a_rule(chance) for number in range(300)}
    for name, rule in rules.items():
        await add_receiver(db, f"to-{name}")
        await subscribe(db, name, [f"to-{name}"], *rule["lanes"], **_rest(rule))
    await give(*[an_event(chance, number) for number in range(60)])
    await plan()
    known = {name: read_rule(rule) for name, rule in await rows(db, Subscription, "id", "rule")}
    wanted = set()
    for change_id, body in await rows(db, Change, "id", "body"):
        facts = facts_of(read_change(body))
        wanted |= {
            (change_id, f"to-{name}", answer.lane, answer.reason, answer.possible)
            for name, rule in known.items()
            if isinstance(answer := match(facts, rule), Match)
        }
    found = {
        (change_id, destination, one["lane"], one["reason"], one["possible"])
        for change_id, destination, matched in await rows(
            db, Alert, "change_id", "destination_id", "matched"
        )
        for one in json.loads(matched)
    }
    assert found == wanted
    assert len({change_id for change_id, *_ in wanted}) > 45
    assert len(wanted) > 1000


def _rest(rule):
    return {name: value for name, value in rule.items() if name != "lanes"}


async def test_a_long_list_of_countries_and_codes_is_planned_too(db, give, plan):
    await subscribe(db, "cars", [await add_receiver(db, "desk")], {"product": "8703.23"})
    codes = [code for code in descriptions() if len(code) == 6 and code.startswith("84")][:199]
    everyone = [code for code in sorted(_countries()) if code != "EU"]
    origin = {"kind": "group", "members": everyone}
    product = {"scope": "codes", "include": ["870323", *codes]}
    await give(law("one", importer="EU", origin=origin, product=product))
    await plan()
    assert await told(db) == {"desk": [["cars"]]}
