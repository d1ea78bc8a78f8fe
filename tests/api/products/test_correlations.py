"""Codes that change, through the API: told once, matched old and new until the owner decides."""

import json
from email import message_from_string, policy

import jsonschema_rs
import pytest
from sqlalchemy import select
from sqlmodel import col

from service.dispatch.chores import Codes
from service.store.following.tables import Filter
from service.store.steering.tables import Audit
from tests.api.samples import measure
from tests.books import silent
from tests.core.message.test_notice import SCHEMA

PATH = "/v1/correlations"
URL = "https://example.com/hooks/tariffs"
CSV = {"content-type": "text/csv"}
SPLIT = "old,new,kind\n8703.23.01,8703.23.02,split\n8703.23.01,8703.23.03,split\n"
DAY = "2025-07-01"


@pytest.fixture
def load(api, desk):
    """Load a correlation, and tell all whom it concerns."""

    async def post(text=SPLIT, **query):
        asked = {"nomenclature": "HTS", "effective": DAY} | query
        answer = await api.post(PATH, content=text.encode(), headers=CSV, params=asked)
        codes = Codes(desk.db, desk.clock, silent)
        while await codes.step():
            pass
        return answer

    return post


async def follow(api, product="HTS 8703.23.01", **more):
    codes = [product] if isinstance(product, str) else product
    answer = await api.post("/v1/subscriptions", json={"url": URL, "product": codes} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def codes_of(db, subscription):
    async with db.read() as session:
        wanted = select(col(Filter.code)).where(col(Filter.subscription_id) == subscription)
        return set((await session.execute(wanted)).scalars())


async def test_whom_it_concerns_is_told_once_with_what_follows_and_what_to_do(api, load, bodies):
    mine = await follow(api, name="cars")
    await follow(api, "9401")
    await api.post("/v1/subscriptions", json={"url": URL, "country": "CN"})
    answer = await load(title="HTS 2025 revision 18")
    assert answer.status_code == 202, answer.text
    made = (await api.get(PATH)).json()["items"]
    assert [(one["told"], one["done"], one["rows"]) for one in made] == [(1, True, 2)]
    again = await load()
    assert again.json()["id"] == answer.json()["id"]
    (body,) = await bodies()
    jsonschema_rs.validate(SCHEMA, body)
    data = body["data"]
    assert body["subject"] == f"subscription:{mine['id']}"
    assert data["summary"] == (
        "HTS 8703.23.01 changes on 1 Jul 2025: 8703.23.01 → 8703.23.02 and 8703.23.03."
    )
    assert (data["effective"], data["title"]) == (DAY, "HTS 2025 revision 18")
    assert [one["code"] for one in data["codes"][0]["following"]] == ["87032302", "87032303"]
    assert [deed["method"] for deed in data["to_do"]] == ["POST", "POST", "GET"]


async def test_rows_of_a_correlation_can_be_read(api, load):
    made = (await load(SPLIT + "8703.23.09,,\n")).json()
    first = (await api.get(f"{PATH}/{made['id']}", params={"limit": 2})).json()
    assert [one["new"] for one in first["items"]] == ["87032302", "87032303"]
    rest = await api.get(f"{PATH}/{made['id']}", params={"limit": 2, "cursor": first["next"]})
    assert rest.json()["items"] == [{"old": "87032309", "new": None, "kind": "retired"}]
    assert (await api.get(f"{PATH}/cor_none")).status_code == 404


@pytest.mark.parametrize(
    "case",
    [("accept", "accepted", {"87032302", "87032303"}), ("decline", "declined", {"87032301"})],
)
async def test_an_owner_decides_and_it_is_audited(api, db, load, case):
    decision, word, expected = case
    mine = await follow(api)
    path = f"/v1/subscriptions/{mine['id']}/code-changes"
    assert (await api.post(path, json={"decision": decision})).status_code == 409
    await load()
    (told,) = (await api.get(path)).json()["items"]
    assert (told["word"], told["decided_at"]) == ("open", None)
    assert told["codes"][0]["following"] == ["87032302", "87032303"]
    assert await codes_of(db, mine["id"]) >= {"87032301", "87032302", "87032303"}
    answer = await api.post(path, json={"decision": decision, "reason": "as our broker says"})
    assert answer.json()["word"] == word
    (told,) = (await api.get(path)).json()["items"]
    assert told["word"] == word
    assert told["decided_at"]
    assert await codes_of(db, mine["id"]) >= expected
    async with db.read() as session:
        wanted = select(col(Audit.action), col(Audit.detail)).order_by(col(Audit.number))
        deeds = (await session.execute(wanted)).all()
    assert [one.action for one in deeds[-2:]] == ["load_codes", f"{decision}_codes"]
    assert json.loads(deeds[-1].detail)["reason"] == "as our broker says"
    assert (await api.post(path, json={"decision": decision})).status_code == 409
    other = {"decision": "decline", "correlation": told["correlation_id"]}
    assert (await api.post(path, json=other)).json()["word"] == "declined"


async def test_old_and_new_codes_are_told_until_the_owner_decides(api, load, tell, bodies):
    mine = await follow(api)
    await load()

    async def hears(name, code, on):
        goods = {"scope": "codes", "nomenclature": "HTS", "include": [code]}
        before = len(await bodies())
        await tell(measure(name, measure=name, product=goods, effective_at=on))
        return len(await bodies()) > before

    assert await hears("m1", "87032301", DAY)
    assert await hears("m2", "87032302", DAY)
    assert not await hears("m3", "87032302", "2025-06-30")
    path = f"/v1/subscriptions/{mine['id']}/code-changes"
    await api.post(path, json={"decision": "accept"})
    assert not await hears("m4", "87032301", DAY)
    assert await hears("m5", "87032301", "2025-06-30")
    assert await hears("m6", "87032303", DAY)


async def test_writing_other_codes_decides(api, db, load):
    mine = await follow(api)
    path = f"/v1/subscriptions/{mine['id']}"
    await load()
    await api.patch(path, json={"name": "cars"})
    assert await codes_of(db, mine["id"]) >= {"87032301", "87032302", "87032303"}
    await api.patch(path, json={"product": ["HTS 8703.23.02"]})
    (told,) = (await api.get(f"{path}/code-changes")).json()["items"]
    assert told["word"] == "mended"
    assert await codes_of(db, mine["id"]) == {"87032302", "870323"}
    await api.delete(path)
    assert (await api.get(f"{path}/code-changes")).status_code == 404


async def decided(api, subscription):
    """By correlation the word, and the codes that it concerns."""
    path = f"/v1/subscriptions/{subscription['id']}/code-changes"
    items = (await api.get(path)).json()["items"]
    return {
        one["correlation_id"]: (one["word"], [code["code"] for code in one["codes"]])
        for one in items
    }


async def test_a_decision_that_is_taken_back_and_made_again_leaves_the_next_as_it_was(
    api, db, load
):
    mine = await follow(api)
    path = f"/v1/subscriptions/{mine['id']}"
    first = (await load()).json()["id"]
    await api.post(f"{path}/code-changes", json={"decision": "accept"})
    moved = "old,new\n8703.23.02,8703.23.04\n8703.23.03,\n"
    then = (await load(moved, effective="2025-08-01")).json()["id"]
    await api.post(f"{path}/code-changes", json={"decision": "accept"})
    made = {first: ("accepted", ["87032301"]), then: ("accepted", ["87032302", "87032303"])}
    assert await decided(api, mine) == made
    stocked = await codes_of(db, mine["id"])
    assert "87032304" in stocked
    await api.post(f"{path}/code-changes", json={"decision": "decline", "correlation": first})
    await api.patch(path, json={"name": "cars"})
    assert await decided(api, mine) == {first: ("declined", ["87032301"]), then: ("accepted", [])}
    await api.post(f"{path}/code-changes", json={"decision": "accept", "correlation": first})
    assert await decided(api, mine) == made
    assert await codes_of(db, mine["id"]) == stocked


async def test_codes_that_shift_are_followed_when_that_is_accepted(api, load, tell, bodies):
    mine = await follow(api, ["HTS 4410.11.00", "HTS 4410.12.00"])
    await load("old,new\n4410.11.00,4410.12.00\n4410.12.00,4410.19.00\n")
    (notice,) = await bodies()
    following = [one["following"][0]["code"] for one in notice["data"]["codes"]]
    assert following == ["44101200", "44101900"]
    path = f"/v1/subscriptions/{mine['id']}/code-changes"
    await api.post(path, json={"decision": "accept"})
    for name, code in enumerate(("44101100", "44101200", "44101900")):
        goods = {"scope": "codes", "nomenclature": "HTS", "include": [code]}
        await tell(measure(f"m{name}", measure=f"m{name}", product=goods, effective_at=DAY))
    said = [one["data"]["matched"][0]["reason"] for one in (await bodies())[1:]]
    assert [one.rpartition("; ")[2] for one in said] == [
        "it names your 4410.12.00 (which follows your 4410.11.00)",
        "it names your 4410.19.00 (which follows your 4410.12.00)",
    ]


FIRST, SECOND, THIRD = (f"old,new\n8703.23.0{place},8703.23.0{place + 1}\n" for place in (1, 2, 3))


async def test_tables_that_were_loaded_out_of_order_are_chained(api, db, load, bodies):
    mine = await follow(api)
    other = await follow(api, "HTS 8703.23.02", name="other")
    third = (await load(THIRD, effective="2025-09-01")).json()["id"]
    second = (await load(SECOND, effective="2025-08-01")).json()["id"]
    late = await follow(api, "HTS 8703.23.02", name="late")
    assert [one["data"]["correlation"] for one in await bodies()] == [second, third]
    first = (await load(FIRST)).json()["id"]
    assert await decided(api, mine) == {
        first: ("open", ["87032301"]),
        second: ("open", ["87032302"]),
        third: ("open", ["87032303"]),
    }
    assert await codes_of(db, mine["id"]) >= {"87032301", "87032302", "87032303", "87032304"}
    told = [(one["subject"], one["data"]["correlation"]) for one in await bodies()]
    assert told[2:] == [(f"subscription:{mine['id']}", one) for one in (first, second, third)]
    assert list(await decided(api, other)) == [second, third]
    assert await decided(api, late) == {}, "a lane that is written later is taken as it is written"
    made = (await api.get(PATH)).json()["items"]
    assert {one["id"]: one["told"] for one in made} == {third: 2, second: 2, first: 1}


async def test_who_accepts_after_all_is_told_what_became_of_the_new_codes_since(
    api, db, load, bodies
):
    mine = await follow(api)
    path = f"/v1/subscriptions/{mine['id']}/code-changes"
    first = (await load(FIRST)).json()["id"]
    await api.post(path, json={"decision": "decline"})
    second = (await load(SECOND, effective="2025-08-01")).json()["id"]
    assert list(await decided(api, mine)) == [first]
    for decision in ("accept", "decline", "accept"):
        await api.post(path, json={"decision": decision, "correlation": first})
    assert await decided(api, mine) == {
        first: ("accepted", ["87032301"]),
        second: ("open", ["87032302"]),
    }
    assert "87032303" in await codes_of(db, mine["id"])
    assert [one["data"]["correlation"] for one in await bodies()] == [first, second]


async def test_codes_of_a_catalogue_are_concerned_too(api, db, load):
    await api.put(
        "/v1/catalogues/parts", content=b"code,sku\nHTS 8703.23.01,A\n9401,B\n", headers=CSV
    )
    form = {"url": URL, "lanes": [{"product": {"catalogue": "parts"}}]}
    mine = (await api.post("/v1/subscriptions", json=form)).json()
    await load("old,new\n8703.23.01,8704.21.01\n")
    assert await codes_of(db, mine["id"]) == {"870323", "9401", "870421"}
    await api.put("/v1/catalogues/parts", content=b"code\nHTS 8704.21.01\n", headers=CSV)
    assert await codes_of(db, mine["id"]) == {"870421"}
    path = f"/v1/subscriptions/{mine['id']}/code-changes"
    assert [one["word"] for one in (await api.get(path)).json()["items"]] == ["mended"]


@pytest.mark.parametrize(
    "case",
    [
        ("old,new\n101.21,0101.22\n", {}, 422, "line 2"),
        ("old\n8703\n", {}, 422, "no column is named new"),
        (SPLIT, {"nomenclature": "XX"}, 400, "No nomenclature is known"),
        (SPLIT, {"effective": "soon"}, 400, "2026-07-01"),
    ],
)
async def test_a_file_that_cannot_be_read_loads_nothing(api, load, case):
    text, query, status, said = case
    answer = await load(text, **query)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert (await api.get(PATH)).json()["items"] == []


async def test_a_mail_says_it_with_both_ways_out(api, load, bodies):
    mail = {"email": "desk@example.com", "confirmed": True, "consent": "by letter"}
    desk = (await api.post("/v1/destinations", json=mail)).json()
    form = {"product": ["HTS 8703.23.01"], "destinations": [desk["id"]], "name": "cars"}
    assert (await api.post("/v1/subscriptions", json=form)).status_code == 201
    await load()
    (letter,) = await bodies()
    parsed = message_from_string(letter, policy=policy.default)
    text = parsed.get_body(["plain"]).get_content()
    assert parsed["Subject"] == "HTS 8703.23.01 changes on 1 Jul 2025"
    assert "8703.23.01 → 8703.23.02 and 8703.23.03." in text
    assert "accept-codes" in text
    assert "decline-codes" in text
