"""What goods owe, asked over the API: the year 2025 in real books."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from service.api import create_app
from service.events_of_2025 import read_year
from service.store.rates.tables import Reach
from tests.api.samples import NDJSON, consume, lines
from tests.books import count

CAR = {"importer": "US", "origin": "China", "product": "8703.23"}
TOLD = {"fact": ["in_scope:us-s232-metals=false"], "column1_pct": "2.5"}


async def send(api, desk, *events):
    answer = await api.post("/v1/events", content=lines(*events), headers=NDJSON)
    assert answer.status_code == 202, answer.text
    await consume(desk)


@pytest.fixture
async def year(api, desk, clock):
    """All of 2025, as known when it was; asked in January."""
    clock.now = datetime(2026, 1, 15, tzinfo=UTC)
    events = [one | {"handling": "history"} for one in read_year()]
    for start in range(0, len(events), 50):
        await send(api, desk, *events[start : start + 50])


async def ask(api, **asked):
    answer = await api.get("/v1/rates", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_car_of_china_owes_what_three_laws_say(api, year):
    found = await ask(api, **CAR, **TOLD, on="2025-05-01", known="2025-06-10")
    (answer,) = found["answers"]
    assert {one["measure"]: one["pct"] for one in answer["lines"]} == {
        "us-fentanyl-cn": "20",
        "us-s232-autos": "25",
    }
    assert (answer["additional_pct"], answer["total_pct"]) == ("45", "47.5")
    assert answer["said"] == "47.5 % in all."
    gone = {one["measure"]: one for one in answer["excluded"]}
    assert gone["us-reciprocal-cn"]["relation"] == "excludes"
    assert gone["us-reciprocal-cn"]["citation"] == "EO 14257 s. 3(b)"
    assert answer["lines"][0]["sentence"] == (
        "20 % under IEEPA-fentanyl on goods of China and Hong Kong,"
        " since 4 Mar 2025 00:01: EO 14228."
    )
    assert answer["lines"][0]["stacks"] == ["EO 14257 s. 3(c); EO 14289 s. 4(b)"]
    assert found["covered"]
    assert found["known_at"].startswith("2025-06-10")


async def test_what_was_known_decides(api, year):
    toy = {"importer": "US", "origin": "CN", "product": "9503.00"} | TOLD
    known = await ask(api, **toy, on="2025-05-20", known="2025-05-10")
    assert known["answers"][0]["additional_pct"] == "145"
    later = await ask(api, **toy, on="2025-05-20", loaded_at="2025-05-10")
    assert later["answers"][0]["additional_pct"] == "30"
    paused = {one["measure"]: one for one in later["beside"]}["us-reciprocal-cn"]
    assert paused["sentence"] == (
        "us-reciprocal-cn is suspended; its own rate is 34 %: nothing of it is owed."
    )


async def test_a_missing_fact_makes_a_branch_and_no_guess(api, year):
    asked = {"importer": "US", "origin": "MX", "product": "9503.00", "on": "2025-05-01"}
    found = await ask(api, **asked, **TOLD)
    said = {one["said"] for one in found["answers"]}
    assert said == {
        "If USMCA qualifying does not hold: 27.5 % in all.",
        "If USMCA qualifying holds: 2.5 % in all.",
    }
    assert found["missing"] == ["usmca_qualifying"]
    told = await ask(api, **asked, **TOLD, usmca_qualifying="yes")
    assert [one["total_pct"] for one in told["answers"]] == ["2.5"]


async def test_goods_only_described_stand_apart_and_leave_no_sum(api, year):
    asked = {"importer": "US", "origin": "CN", "product": "7208.10", "on": "2025-04-02"}
    (answer,) = (await ask(api, **asked))["answers"]
    assert [one["measure"] for one in answer["possible"]] == ["us-s232-metals"]
    assert (answer["additional_pct"], answer["total_pct"]) == (None, None)
    assert [one["name"] for one in answer["unknown"]] == ["column1_pct"]
    assert answer["said"] == (
        "what is owed in all is not known (column1_pct, in_scope:us-s232-metals)."
    )


async def test_beyond_the_books_there_is_no_answer(api, year):
    found = await ask(api, **CAR, on="2026-01-10")
    assert (found["covered"], found["answers"]) == (False, [])
    assert found["coverage"]["spans"][0]["until"]["at"].startswith("2025-11-01")
    korea = await ask(api, importer="US", origin="KR", product="9503.00", on="2025-05-01")
    assert not korea["covered"]
    assert "goods of AR, CN, EU" in korea["reason"]
    assert (await ask(api, **CAR, **TOLD, on="2025-05-01"))["reason"] is None


async def test_books_without_a_word_on_the_goods_say_just_that(api, desk, clock, year):
    early = await ask(api, **CAR, on="2025-05-01", known="2024-05-01")
    assert not early["covered"]
    assert early["reason"] == (
        "no event on such goods was public by 2024-05-01; the books have later ones"
    )


async def test_empty_books_say_how_to_fill_them(api):
    found = await ask(api, **CAR, on="2025-05-01")
    assert not found["covered"]
    assert "no event at all on such goods: load some with `tariffwire events" in found["reason"]


async def test_a_member_of_the_eu_is_answered_with_what_the_eu_levies(api, year):
    found = await ask(api, importer="DE", origin="US", product="8711.50", on="2025-05-01")
    assert (found["importer"], found["levies_for"]) == ("EU", "DE")
    assert "eu-countermeasures-us-21bn" in {one["measure"] for one in found["beside"]}
    union = await ask(api, importer="EU", origin="US", product="8711.50", on="2025-05-01")
    assert union["levies_for"] is None
    assert union["beside"] == found["beside"]


async def test_a_fact_that_nothing_asks_for_is_named(api, year):
    told = await ask(api, **CAR, on="2025-05-01", fact=["usmca_qualifing=true"])
    assert told["unused_facts"] == ["usmca_qualifing: did you mean usmca_qualifying?"]


@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        ({"importer": "Atlantis"}, "query.importer", "Atlantis"),
        ({"origin": "Chnia"}, "query.origin", "China"),
        ({"product": "abc"}, "query.product", "digits"),
        ({"product": "8799.99.99"}, "query.product", "HS 2022 has no"),
        ({"nomenclature": "Klingon"}, "query.nomenclature", "Klingon"),
        ({"on": "yesterday"}, "query.on", "2025-04-10"),
        ({"known": "2025-13-01"}, "query.known", "month"),
        ({"usmca_qualifying": "maybe"}, "query.usmca_qualifying", "true or false"),
        ({"column1_pct": "lots"}, "query.column1_pct", "a number from 0"),
        ({"metal_value_pct": "101"}, "query.metal_value_pct", "from 0 to 100"),
        ({"loaded_at": "soon"}, "query.loaded_at", "no date"),
        ({"fact": "usmca"}, "query.fact", "name=value"),
        ({"fact": "Usmca=true"}, "query.fact", "no name of a fact"),
        ({"fact": ["in_quota=true", "in_quota=false"]}, "query.fact", "told twice"),
        ({"fact": [f"f{n}=true" for n in range(51)]}, "query.fact", "at most 50"),
        ({"fackt": "in_quota=true"}, "query.fackt", "did you mean `fact`"),
    ],
)
async def test_a_slip_is_answered_with_what_to_write(api, asked, where, said):
    answer = await api.get("/v1/rates", params=CAR | asked)
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert error["where"] == where
    assert said in error["what"]


async def test_a_question_without_goods_is_refused(api):
    answer = await api.get("/v1/rates", params={"importer": "US"})
    assert answer.status_code in {400, 422}
    assert {one["where"] for one in answer.json()["errors"]} == {"query.origin", "query.product"}


@pytest.mark.parametrize(
    ("importer", "product", "nomenclature"),
    [
        ("US", "8703.23.01", "HTS"),
        ("EU", "8703.23.19", "CN"),
        ("EU", "8703.23.19.10", "TARIC"),
        ("JP", "8703.23.01", "JP-TARIFF"),
    ],
)
async def test_a_long_code_is_of_the_importers_own_list(api, importer, product, nomenclature):
    origin = "CN" if importer == "US" else "US"
    found = await ask(api, importer=importer, origin=origin, product=product)
    assert (found["product"], found["nomenclature"]) == (product, nomenclature)


async def test_events_are_found_as_soon_as_they_are_in_the_books(api, desk, year):
    asked = CAR | TOLD | {"on": "2025-05-01"}
    before = (await ask(api, **asked))["answers"][0]
    assert len(before["lines"]) == 2
    raw = next(one for one in read_year() if one["id"] == "us-232-autos-25")
    raised = raw["data"] | {
        "action": "corrected",
        "duty": {"components": [{"kind": "ad_valorem", "amount": "30"}]},
    }
    await send(api, desk, raw | {"id": "z-corrected", "data": raised, "handling": "history"})
    after = (await ask(api, **asked))["answers"][0]
    assert after["additional_pct"] == "50"


async def test_books_of_an_older_release_are_indexed_by_the_first_question(api, desk, db, year):
    assert await count(db, Reach) == 0
    await ask(api, **CAR, on="2025-05-01")
    first = await count(db, Reach)
    assert first > 0
    await ask(api, **CAR, on="2025-05-01")
    assert await count(db, Reach) == first


async def test_an_operators_relations_go_over_ours(desk, db, year, tmp_path, log):
    cover = {"id": "mine", "importer": "US", "programmes": ["S232-*"], "from": "2026-01-01"}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"packaged": False, "covers": [cover]}), "utf-8")
    settings = desk.settings.model_copy(update={"relations": str(path)})
    app = create_app(replace(desk, settings=settings))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as api:
        listed = (await api.get("/v1/relations")).json()
        assert (listed["relations"], [one["id"] for one in listed["covers"]]) == ([], ["mine"])
        found = await ask(api, **CAR | {"product": "8703.23.01"}, on="2026-01-10")
        (answer,) = found["answers"]
        assert [one["measure"] for one in answer["lines"]] == ["us-s232-autos"]


async def test_the_relations_in_use_can_be_read(api):
    listed = (await api.get("/v1/relations")).json()
    by_id = {one["id"]: one for one in listed["relations"]}
    assert by_id["us-autos-first"]["citation"] == "EO 14289 s. 3(a)(i)"
    assert by_id["us-autos-first"]["known_from"]["at"].startswith("2025-04-29")
    assert {one["importer"] for one in listed["covers"]} == {"US", "CN", "EU"}
    assert {"us-fentanyl-ca", "us-potash-mx"} <= {one["id"] for one in listed["gaps"]}


async def test_books_without_a_word_on_the_goods_cover_nothing(api):
    found = await ask(api, **CAR, **TOLD, on="2025-05-01")
    assert (found["covered"], found["answers"]) == (False, [])
