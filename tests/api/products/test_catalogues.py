"""Catalogues through the API: stored whole or not at all, and followed by lanes."""

import asyncio

import jsonschema_rs
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from service.core.codes.harmonized import descriptions
from service.store.following.tables import Filter
from service.store.products.tables import CatalogueGood
from service.store.steering.tables import Audit
from tests.api.samples import measure
from tests.core.message.test_alert_schema import SCHEMA

PATH = "/v1/catalogues/parts"
URL = "https://example.com/hooks/tariffs"
CSV = {"content-type": "text/csv"}
GOODS = "code,sku,name\n8708.29,A-100,Roof rack\n8703.80,E-1,City car\n870380,E-2,City van\n"


async def put(api, text=GOODS, path=PATH, **query):
    body = text if isinstance(text, bytes) else text.encode()
    return await api.put(path, content=body, headers=CSV, params=query)


async def follow(api, **more):
    answer = await api.post(
        "/v1/subscriptions", json={"url": URL, "product": {"catalogue": "parts"}} | more
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def codes_of(db, subscription):
    async with db.read() as session:
        wanted = select(col(Filter.code)).where(col(Filter.subscription_id) == subscription)
        return set((await session.execute(wanted)).scalars())


async def test_a_catalogue_is_uploaded_shown_listed_and_removed(api, db):
    answer = await put(api)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["rows"], made["codes"], made["encoding"], made["delimiter"]) == (
        3,
        2,
        "utf-8",
        "comma",
    )
    assert (made["columns"], made["skipped"]) == (["code", "name", "sku"], [])
    assert (await api.get(PATH)).json()["subscriptions"] == []
    assert [one["name"] for one in (await api.get("/v1/catalogues")).json()["items"]] == ["parts"]
    goods = (await api.get(f"{PATH}/goods", params={"limit": 2})).json()
    assert [one["sku"] for one in goods["items"]] == ["A-100", "E-1"]
    rest = await api.get(f"{PATH}/goods", params={"limit": 2, "cursor": goods["next"]})
    assert [one["sku"] for one in rest.json()["items"]] == ["E-2"]
    narrowed = (await api.get(f"{PATH}/goods", params={"code": "8703"})).json()["items"]
    assert [one["line"] for one in narrowed] == [3, 4]
    assert (await put(api)).status_code == 200
    assert (await api.delete(PATH)).status_code == 204
    assert (await api.get(PATH)).status_code == 404
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(CatalogueGood)) == 0
        deeds = (await session.execute(select(col(Audit.action)))).scalars().all()
    assert deeds == ["put_catalogue", "put_catalogue", "remove_catalogue"]


async def test_a_lane_follows_a_catalogue_and_is_renewed_with_it(api, db):
    await put(api)
    made = await follow(api)
    assert made["lanes"] == [{"product": {"catalogue": "parts"}}]
    assert await codes_of(db, made["id"]) == {"870829", "870380"}
    answer = await put(api, "code\n0901.21\n8703.80\n")
    assert answer.json()["followers"] == 1
    assert await codes_of(db, made["id"]) == {"090121", "870380"}
    shown = (await api.get(f"/v1/subscriptions/{made['id']}")).json()
    assert shown["lanes"] == made["lanes"]
    assert (await api.get(PATH)).json()["subscriptions"] == [made["id"]]


async def test_a_renamed_subscription_keeps_its_catalogue_and_another_lane_leaves_it(api, db):
    await put(api)
    made = await follow(api)
    path = f"/v1/subscriptions/{made['id']}"
    assert (await api.patch(path, json={"name": "ours"})).status_code == 200
    assert await codes_of(db, made["id"]) == {"870829", "870380"}
    await api.patch(path, json={"product": "9401"})
    assert (await api.get(PATH)).json()["subscriptions"] == []
    await put(api, "code\n0901\n")
    assert await codes_of(db, made["id"]) == {"9401"}


async def test_a_removed_subscription_follows_nothing(api):
    await put(api)
    made = await follow(api)
    assert (await api.delete(PATH)).status_code == 409
    await api.delete(f"/v1/subscriptions/{made['id']}")
    assert (await api.delete(PATH)).status_code == 204


async def test_an_exception_is_taken_out_of_the_catalogue(api, db):
    await put(api)
    made = await follow(api, product={"catalogue": "parts", "except": ["8708"]})
    assert await codes_of(db, made["id"]) == {"870380"}


@pytest.mark.parametrize(
    ("product", "said"),
    [
        ({"catalogue": "others"}, "there is no catalogue 'others'"),
        ({"catalogue": "parts", "codes": ["8703"]}, "write a lane for each"),
        ({}, "name `codes`, or a `catalogue`"),
        ({"catalogue": "a b"}, "pattern"),
        ({"catalogue": "parts", "listed": ["8703"]}, "written by us"),
        ({"catalogue": "parts", "except": ["TARIC 8703.23.19.10"]}, "codes of HTS"),
    ],
)
async def test_a_lane_that_cannot_follow_is_refused(api, product, said):
    await put(api, "code\nHTS 8703.23.01\n")
    answer = await api.post("/v1/subscriptions", json={"url": URL, "lanes": [{"product": product}]})
    assert (answer.status_code, said in answer.text) == (422, True), answer.text


async def test_nothing_is_stored_unless_all_is_right(api):
    bad = "code,sku\n8703,A\n101.21,B\n,C\n8799,D\n"
    answer = await put(api, bad)
    assert answer.status_code == 422
    assert "3 of 4 rows cannot be taken, so nothing is stored" in answer.json()["detail"]
    errors = {one["where"]: one["what"] for one in answer.json()["errors"]}
    assert set(errors) == {"line 3", "line 4", "line 5"}
    assert "Did you mean 0101.21" in errors["line 3"]
    assert (await api.get(PATH)).status_code == 404
    skipped = await put(api, bad, skip_bad="true")
    assert (skipped.status_code, skipped.json()["rows"]) == (201, 1)
    assert [one["line"] for one in skipped.json()["skipped"]] == [3, 4, 5]
    only_bad = await put(api, "code\n9\n", skip_bad="true")
    assert only_bad.status_code == 422
    assert "skip_bad" not in only_bad.json()["detail"]


@pytest.mark.parametrize(
    ("body", "query", "said"),
    [
        (b"", {}, "the file is empty"),
        (b"a,b\n1,2\n", {}, "no column is named code"),
        (b'code,name\n8703,"abc\n', {}, "close every quote"),
        (b"code\n8703", {"encoding": "utf-16"}, "this is no utf-16"),
        (b"code,name\n" + b"8703,x\n" * 100_000, {}, "50,000 rows"),
    ],
)
async def test_a_file_that_is_no_table_of_goods_is_refused(api, body, query, said):
    answer = await put(api, body, **query)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text


async def test_a_request_that_is_no_csv_is_refused(api):
    assert (await api.put(PATH, content=b"{}", headers={})).status_code == 415
    assert (await put(api, path="/v1/catalogues/a%20b")).status_code == 400
    assert (await put(api, nomenclature="XX")).status_code == 400
    assert (await put(api, b"x" * (17 * 1_048_576))).status_code == 413
    lost = await api.get(f"{PATH}/goods")
    assert lost.status_code == 404
    await put(api)
    assert (await api.get(f"{PATH}/goods", params={"code": "x"})).status_code == 400


async def test_twenty_thousand_rows_are_taken_and_followed(api, db):
    codes = [code for code in descriptions() if len(code) == 6]
    rows = [f"{codes[n % len(codes)]},S-{n},Part {n}" for n in range(20_000)]
    answer = await put(api, "code,sku,name\n" + "\n".join(rows))
    assert (answer.status_code, answer.json()["rows"]) == (201, 20_000)
    assert answer.json()["codes"] == len(codes)
    made = await follow(api, country="CN")
    indexed = await codes_of(db, made["id"])
    assert indexed == {code[:4] for code in codes}
    assert (await put(api, "code\n8703\n")).json()["followers"] == 1
    assert await codes_of(db, made["id"]) == {"8703"}


async def test_a_subscription_made_while_a_catalogue_is_replaced_follows_what_it_holds(api, db):
    await put(api)
    made = await asyncio.gather(
        put(api, "code\n0901\n"), *(follow(api, name=f"s{n}") for n in range(4))
    )
    for one in made[1:]:
        assert await codes_of(db, one["id"]) == {"0901"}


# Alerts name the goods that are concerned


def on(name="e1", **product):
    return measure(name, measure=name, product={"scope": "codes", **product})


async def test_an_alert_names_the_goods_that_it_concerns(api, tell, bodies):
    await put(api)
    await follow(api, name="ours")
    await tell(on(include=["8703"]))
    (body,) = await bodies()
    jsonschema_rs.validate(SCHEMA, body)
    assert body["data"]["summary"].endswith(" It concerns your E-1 City car and 1 more.")
    (matched,) = body["data"]["matched"]
    assert matched["concerns"] == {
        "catalogue": "parts",
        "count": 2,
        "goods": [
            {"sku": "E-1", "name": "City car", "code": "870380"},
            {"sku": "E-2", "name": "City van", "code": "870380"},
        ],
    }


async def test_a_mail_says_it_in_its_first_line(api, tell, bodies):
    await put(api)
    mail = {"email": "desk@example.com", "confirmed": True, "consent": "by letter"}
    desk = (await api.post("/v1/destinations", json=mail)).json()
    form = {"lanes": [{"product": {"catalogue": "parts"}}], "destinations": [desk["id"]]}
    assert (await api.post("/v1/subscriptions", json=form)).status_code == 201
    await tell(on(include=["8708.29"]))
    (letter,) = await bodies()
    assert "It concerns your A-100 Roof rack." in letter.replace("=\r\n", "")


async def test_goods_without_words_are_named_by_their_code(api, tell, bodies):
    await put(api, "code\n8703.80\n8708.29\n")
    await follow(api)
    await tell(on(include=["87"]))
    (body,) = await bodies()
    assert body["data"]["summary"].endswith(" It concerns your 8703.80 and 1 more.")


async def test_goods_that_are_only_described_may_be_concerned(api, tell, bodies):
    await put(api)
    await follow(api, possible=True)
    await tell(measure("e1", product={"scope": "described", "text": "passenger vehicles"}))
    (body,) = await bodies()
    assert body["data"]["summary"].endswith(" It may concern your A-100 Roof rack and 2 more.")


async def test_twenty_thousand_goods_are_counted_and_the_body_stays_short(api, desk, tell, bodies):
    codes = [code for code in descriptions() if len(code) == 6]
    rows = [f"{codes[n % len(codes)]},S-{n},Part {n}" for n in range(20_000)]
    await put(api, "code,sku,name\n" + "\n".join(rows))
    await follow(api)
    await tell(measure("e1", product={"scope": "all"}))
    (body,) = await bodies()
    jsonschema_rs.validate(SCHEMA, body)
    assert body["data"]["summary"].endswith(" It concerns your S-0 Part 0 and 19,999 more.")
    (matched,) = body["data"]["matched"]
    assert matched["concerns"]["count"] == 20_000
    assert len(matched["yours"]) + matched["yours_more"] == len(codes)


async def test_who_names_codes_is_told_of_no_goods(api, tell, bodies):
    await put(api)
    await api.post("/v1/subscriptions", json={"url": URL, "product": "8703"})
    await tell(on(include=["8703"]))
    (body,) = await bodies()
    assert "concern" not in body["data"]["summary"]
    assert "concerns" not in body["data"]["matched"][0]
