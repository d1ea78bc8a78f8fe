"""One news article sent live: who must hear of which statement, and who must not.

The expectations are facts of the annotated article; what they leave open may alert or not.
"""

import asyncio
import json

import pytest

from service.core.change import Kind
from service.events_of_2025 import read_article
from service.log import Record
from tests.journey.running import body_of, cause_of, measure, path_at, run_service
from tests.receivers import http_receiver

OF_TALKS = {
    Kind.NEGOTIATION_OPENED, Kind.STAGE_ADVANCED, Kind.STAGE_REGRESSED,
    Kind.AGREEMENT_REACHED, Kind.TALKS_ENDED,
}  # fmt: skip
OF_CLAIMS = {Kind.CLAIM_MADE, Kind.CLAIM_CONFIRMED, Kind.CLAIM_DENIED, Kind.CLAIM_DISPUTED}
OF_MEASURES = sorted(set(Kind) - OF_TALKS - OF_CLAIMS)

# name: (what is followed, must alert, must not alert)
EXPECTED = {
    "us-cn": ({"importer": "US", "origin": "CN"}, {"000-05"}, {"000-02", "000-06", "000-07-VN"}),
    "cn-us": ({"importer": "CN", "origin": "US"}, set(), {"000-05"}),
    "us-vn": ({"importer": "US", "origin": "VN"}, {"000-07-VN"}, {"000-02", "000-05"}),
    "us-jp": ({"importer": "US", "origin": "JP"}, {"000-09-JP", "000-10"}, {"000-05"}),
    "us-il": (
        {"importer": "US", "origin": "IL"},
        {"000-07-IL", "000-08", "000-09-IL"},
        {"000-05"},
    ),
    "us-ar": ({"importer": "US", "origin": "AR"}, {"000-07-AR"}, {"000-09-JP"}),
    "us-sure": ({"importer": "US"}, {"000-01"}, {"000-05", "000-06"}),
    "us-cars": ({"importer": "US", "product": "8703"}, set(), {"000-08"}),
}
BESIDE = {"us-sure": {"kinds": OF_MEASURES, "min_certainty": "announced"}}


async def send_thrice(place):
    """What each path was sent, and whether the article sends anything when it comes again."""
    async with http_receiver() as receiver, run_service(place) as service:
        for name, (lane, _, _) in EXPECTED.items():
            url = path_at(receiver, name)
            await service.subscribe(name=name, lanes=[lane], url=url, **BESIDE.get(name, {}))
        answers, counts = [], []
        for send in (by_api, by_api, by_log):
            answers.append(await send(service))
            status = await service.settle()
            counts.append(len(receiver.requests))
        return {
            "told": [(one.path.removeprefix("/"), cause_of(one)) for one in receiver.requests],
            "answers": answers,
            "counts": counts,
            "records": sum(one["records"] for one in status["log"]["partitions"]),
            "outcomes": status["stages"]["event"]["outcomes"],
        }


async def by_api(service):
    return await service.send(*read_article())


async def by_log(service):
    """Past the API and its memory, as a producer of our log brings them."""
    for event in read_article():
        topic = "tariffs" if event["type"] == "tariff.measure" else "negotiations"
        await service.runtime.log.append(topic, [Record(None, json.dumps(event).encode())])


@pytest.fixture(scope="module")
def sent(new_place):
    return asyncio.run(send_thrice(new_place()))


@pytest.mark.parametrize("name", EXPECTED)
def test_every_must_alerts_and_no_must_not_does(sent, name):
    _, must, must_not = EXPECTED[name]
    told = {cause for path, cause in sent["told"] if path == name}
    assert told >= must
    assert not told & must_not


def test_nobody_is_told_twice(sent):
    assert len(set(sent["told"])) == len(sent["told"])


def test_the_whole_file_again_sends_nothing(sent):
    first, again, _ = sent["answers"]
    size = len(read_article())
    assert (first["accepted"], first["duplicates"]) == (size, 0)
    assert (again["accepted"], again["duplicates"]) == (0, size)
    assert sent["counts"][0] == sent["counts"][1]


def test_the_whole_file_again_past_the_api_sends_nothing(sent):
    assert sent["records"] == 2 * len(read_article())
    assert sent["counts"][0] == sent["counts"][2]


def test_every_statement_ends_in_one_outcome(sent):
    assert sum(sent["outcomes"].values()) == len(read_article())


async def test_goods_that_are_only_described_reach_no_product_lane_at_once(new_place):
    """Passenger vehicles without codes may be 9401 or may not: possible, and off unless asked."""
    vague = {"scope": "described", "text": "passenger vehicles"}
    async with http_receiver() as receiver, run_service(new_place()) as service:
        for name, form in {
            "seats": {"product": "9401"},
            "cars": {"product": "8703"},
            "maybe": {"product": "9401", "possible": True},
            "china": {"country": "CN"},
        }.items():
            await service.subscribe(name=name, url=path_at(receiver, name), **form)
        await service.send(measure("vague", "us-vehicles", 25, action="imposed", product=vague))
        await service.settle()
        told = {one.path: body_of(one)["data"]["matched"][0] for one in receiver.requests}
    assert set(told) == {"/maybe", "/china"}
    assert (told["/maybe"]["possible"], told["/china"]["possible"]) == (True, False)
