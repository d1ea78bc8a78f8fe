"""Why a subscription did not ask for a change: the setting, its value, and the nearest."""

from datetime import timedelta

import pytest

from service.store.evidence.versions import prune_versions
from service.store.following.subscriptions import remove_subscription
from tests.api.samples import measure, rate, step
from tests.books import subscribe

CARS = {"scope": "codes", "include": ["8703"]}


@pytest.mark.parametrize(
    "case",
    [
        (
            {"certainty": "reported", "action": "threatened"},
            {},
            {"min_certainty": "announced"},
            "min_certainty",
            "you asked for announced, this is reported",
            "min_certainty reported instead of announced",
        ),
        ({}, {}, {"kinds": ["ended"]}, "kinds", "you asked for ended", "kinds ended, "),
        (
            {"origin": {"kind": "all"}},
            {},
            {"blanket": False},
            "blanket",
            "no measures on every origin",
            "blanket on instead of off",
        ),
        (
            {"product": {"scope": "described", "text": "cars"}},
            {"product": "8703"},
            {},
            "possible",
            "only described",
            "possible on instead of off",
        ),
        (
            {"product": CARS},
            {"product": "8704"},
            {},
            "product",
            "none of your codes (8704) is in its list",
            "product 87 instead of 8704",
        ),
        ({}, {"origin": "VN"}, {}, "origin", "goods of Vietnam", "origin China instead of Vietnam"),
        ({}, {"importer": "CN"}, {}, "importer", "the US levies", "importer the US instead of"),
        ({}, {"programmes": ["S301"]}, {}, "programmes", "it asks for S301", "instead of S301"),
        ({}, {"measures": ["other"]}, {}, "measures", "it asks for other", "instead of other"),
    ],
)
async def test_the_filter_that_stopped_it_and_the_nearest_that_would_not_have(journey, case):
    about, lane, minima, setting, said, nearest = case
    await journey.follow(lane, **minima)
    await journey.tell(measure("e1", **about))
    verdict, stage, named, words = await journey.stop()
    assert (verdict, stage, named) == ("not_told", "match", setting)
    assert said in words
    assert nearest in words
    [asked] = (await journey.ask())["subscriptions"]
    assert asked["matches"] is False
    assert nearest in asked["nearest"][0]["said"]
    assert asked["nearest"][0]["reason"]
    assert asked["stops"]


async def test_a_step_that_is_too_small_is_measured_against_what_was_told(journey):
    await journey.follow(min_delta_pp="5")
    await journey.tell(measure("e1", duty=rate("10")))
    await journey.send()
    await journey.tell(measure("e2", action="increased", duty=rate("12")))
    verdict, stage, setting, said = await journey.stop("2")
    assert (verdict, stage, setting) == ("not_told", "match", "min_delta_pp")
    assert "this moves 2 points" in said
    assert "min_delta_pp 2 instead of 5" in said


async def test_what_was_never_received_is_not_what_was_told(journey):
    await journey.follow(min_delta_pp="3")
    await journey.tell(measure("e1", duty=rate("10")))
    await journey.tell(measure("e2", action="increased", duty=rate("12")))
    assert "this moves 2 points" in (await journey.stop("2"))[3]


async def test_of_several_subscriptions_each_is_told_of(journey):
    await journey.follow({"origin": "VN"}, min_certainty="instrument")
    await journey.follow({"origin": "JP"}, {"product": "94"}, name="second", address="there")
    await journey.tell(measure("e1", certainty="announced", product=CARS))
    verdict, stage, _, said = await journey.stop()
    assert (verdict, stage) == ("not_told", "match")
    assert said.startswith("“second” does not ask for it")
    assert "Nor does another of its subscriptions." in said
    found = (await journey.ask())["subscriptions"]
    assert [(one["id"], one["nearest"] == []) for one in found] == [
        ("second", False),
        ("sub_desk", True),
    ]
    assert [stop["lane"] for stop in found[0]["stops"]] == [1, 2]


async def test_more_than_one_setting_may_stand_in_the_way(journey):
    await journey.follow({"origin": "VN"}, min_certainty="instrument")
    await journey.tell(measure("e1", certainty="announced"))
    assert "More than one setting stands in the way." in (await journey.stop())[3]


async def test_talks_concern_nobody_who_follows_goods(journey):
    await journey.follow({"product": "8703"})
    await journey.tell(step())
    assert (await journey.stop())[1:3] == ("match", "product")


async def test_the_subscription_was_made_after_the_change(journey):
    await journey.tell(measure("e1"))
    await journey.follow({"origin": "CN"})
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "match", "after_change")
    assert "it was made on 9 Apr 2025" in said
    [asked] = (await journey.ask())["subscriptions"]
    assert (asked["matches"], asked["made_after"]) == (True, True)


async def test_no_subscription_tells_the_destination(journey):
    await journey.follow()
    async with journey.db.write() as session:
        await remove_subscription(session, "sub_desk", journey.clock())
    await journey.tell(measure("e1"))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "match", "destinations")
    assert "No subscription tells dst_desk" in said


async def test_a_subscription_that_was_changed_since_says_so(journey):
    await journey.follow({"origin": "VN"})
    await journey.tell(measure("e1"))
    journey.clock.advance(hours=1)
    patched = await journey.api.patch("/v1/subscriptions/sub_desk", json={"country": "JP"})
    assert patched.status_code == 200, patched.text
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "match", "origin")
    assert "did not ask for it: " in said
    assert "Vietnam" in said
    assert "as it is now it would not match." in said
    await journey.api.patch("/v1/subscriptions/sub_desk", json={"country": "CN"})
    [asked] = (await journey.ask())["subscriptions"]
    assert (asked["matches"], asked["changed_since"], asked["matches_now"]) == (False, True, True)
    assert "as it is now it would match." in (await journey.stop())[3]


async def test_what_is_no_longer_kept_of_a_subscription_is_asked_as_it_is_now(journey):
    await journey.follow({"origin": "VN"})
    await journey.tell(measure("e1"))
    journey.clock.advance(hours=1)
    await journey.api.patch("/v1/subscriptions/sub_desk", json={"country": "JP"})
    async with journey.db.write() as session:
        await prune_versions(session, journey.clock() + timedelta(hours=1))
    assert "what it asked for before is not kept" in (await journey.stop())[3]


async def test_another_name_is_no_other_filter(journey):
    await journey.follow({"origin": "VN"})
    await journey.tell(measure("e1"))
    journey.clock.advance(hours=1)
    await journey.api.patch("/v1/subscriptions/sub_desk", json={"name": "Vietnam"})
    [asked] = (await journey.ask())["subscriptions"]
    assert (asked["changed_since"], asked["matches_now"]) == (False, None)


async def test_another_subscription_of_another_destination_does_not_matter(journey):
    await journey.follow({"origin": "VN"})
    await journey.follow(name="other", to="dst_other")
    await subscribe(journey.db, "third", ["dst_other"])
    await journey.tell(measure("e1"))
    assert len((await journey.ask())["subscriptions"]) == 1
    assert (await journey.stop())[1] == "match"
