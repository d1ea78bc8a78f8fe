"""The trade actions of 2025 replayed live: who heard of what, in which words and order."""

import re
from collections import defaultdict

from service.events_of_2025 import read_year
from tests.journey.running import path_at, text_of, waiting

IDS = [event["id"] for event in read_year()]


def test_every_event_of_the_year_ends_in_an_outcome_with_its_reason(year):
    assert sorted(one["id"] for one in year.events) == sorted(IDS)
    assert {one["outcome"] for one in year.events} <= {"changed", "evidence_only", "weaker_claim"}
    assert all(one["reason"] for one in year.events)


def test_nothing_is_left_to_do(year):
    assert waiting(year.status) == 0
    assert set(year.status["stages"]["receipt"]["outcomes"]) == {"delivered"}


def test_the_follower_of_everything_hears_of_every_change_once(year):
    changed = [one["id"] for one in year.events if one["outcome"] == "changed"]
    assert sorted(year.told("everything")) == sorted(changed)


def test_a_replay_says_that_it_is_one(year):
    assert {alert["mode"] for alert in year.alerts("everything")} == {"simulated"}
    assert all(b"SIMULATED" in mail.content for mail in year.mails)


def test_every_alert_of_the_year_is_short(year):
    assert max(len(request.body) for request in year.requests) < 20_000


def test_the_sequence_of_a_subject_has_no_gap_and_each_change_names_the_one_before(year):
    chains = defaultdict(dict)
    for alert in year.alerts("everything"):
        chains[alert["subject"]][alert["sequence"]] = alert
    for subject, chain in chains.items():
        assert sorted(chain) == list(range(1, len(chain) + 1)), subject
        for place, alert in chain.items():
            former = chain.get(place - 1)
            assert alert["previous_change"] == (former and former["change"])
            assert alert["previous_alert"] == (former and former["delivery"])


def test_an_importer_of_cars_hears_of_cars_and_of_all_goods_and_of_nothing_else(year):
    told = set(year.told("cars"))
    assert told >= {"us-232-autos-25", "us-cn-recip-125", "us-all-recip-10", "us-jp-autos-15"}
    assert not told & {"us-232-copper-50", "us-232-timber/upholstered", "us-cn-busan"}


def test_an_importer_of_vietnamese_sofas_hears_of_vietnam_and_of_sofas(year):
    told = set(year.told("furniture"))
    assert told >= {
        "us-vn-recip-annex1", "us-annex1-suspended/vn", "us-vn-recip-aug",
        "us-all-recip-10", "us-232-timber/upholstered",
    }  # fmt: skip
    assert not told & {"us-cn-recip-125", "us-232-autos-25", "us-232-timber/softwood"}


def test_goods_of_china_do_not_hear_of_chinese_duties(year):
    told = set(year.told("china"))
    assert told >= {"us-cn-fent-10", "us-cn-recip-125", "us-cn-geneva#suspended"}
    assert not told & {"cn-us-34", "cn-us-125", "us-vn-recip-annex1"}


def test_a_broker_who_wants_officials_hears_no_rumour_and_no_press_report(year):
    everything, broker = set(year.told("everything")), set(year.told("broker"))
    assert everything - broker >= {
        "us-90day-pause-rumour-denied#rumour",
        "us-cn-outreach-report",
    }


def test_the_mails_tell_what_the_webhooks_tell(year):
    alerts = year.alerts("china-too")
    by_webhook = {f"Change {one['sequence']} of {one['subject']}" for one in alerts}
    place = re.compile(r"Change \d+ of [^,.\s]+")
    by_mail = {said for mail in year.mails for said in place.findall(text_of(mail))}
    assert by_mail == by_webhook
    assert len(year.mails) == len(by_mail)


async def test_history_builds_standings_and_alerts_nobody(service, receiver, smtp):
    await service.subscribe(lanes=[{}], url=path_at(receiver, "all"))
    await service.subscribe(lanes=[{}], email="all@importer.example")
    await service.send(*(event | {"handling": "history"} for event in read_year()))
    status = await service.settle()
    assert status["stages"]["event"]["outcomes"] == {"history": len(IDS)}
    assert status["stages"]["change"]["done"] == status["stages"]["delivery"]["done"] == 0
    assert not receiver.requests
    assert not smtp.mails
    stands = await service.ask("/v1/measures", origin="CN", status="in_force", at="2025-12-31")
    assert "us-fentanyl-cn" in {one["key"] for one in stands["items"]}


async def test_a_test_alerts_and_never_touches_a_standing(service, receiver):
    await service.subscribe(lanes=[{}], url=path_at(receiver, "all"))
    one = next(event for event in read_year() if event["id"] == "us-cn-fent-10")
    await service.send(one | {"handling": "test"})
    await service.settle()
    assert len(receiver.requests) == 1
    assert (await service.ask("/v1/measures"))["items"] == []
