"""Products and groups through the API."""

import pytest

PATH = "/v1/products"
URL = "https://example.com/hooks/tariffs"


async def test_words_find_codes_the_likeliest_first(api):
    found = (await api.get(PATH, params={"q": "electric cars", "limit": 3})).json()
    assert len(found["items"]) == 3
    assert found["items"][0] | {"score": 0} == {
        "code": "870380",
        "said": "8703.80",
        "level": "subheading",
        "description": "Vehicles; with only electric motor for propulsion",
        "score": 0,
    }
    assert found["nearest"] == []


async def test_a_slip_is_said_and_what_is_not_found_is_answered_with_the_nearest(api):
    assert (await api.get(PATH, params={"q": "cofee"})).json()["read_as"] == {"cofe": "coffe"}
    found = (await api.get(PATH, params={"q": "8799"})).json()
    assert found["items"] == []
    assert found["nearest"][0]["code"].startswith("87")


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x" * 201}, {"q": "cars", "limit": 51}])
async def test_a_search_has_limits(api, query):
    assert (await api.get(PATH, params=query)).status_code in {400, 422}


@pytest.mark.parametrize("code", ["8703.80", "870380", "8703 80"])
async def test_a_product_has_its_place_in_the_tree(api, code):
    found = (await api.get(f"{PATH}/{code}")).json()
    assert (found["code"], found["level"], found["edition"]) == ("870380", "subheading", "HS 2022")
    assert [one["code"] for one in found["parents"]] == ["87", "8703"]
    assert found["children"] == []
    assert found["subscriptions"] == {"count": 0, "complete": True, "items": []}


async def test_a_heading_has_children_and_a_national_code_its_nomenclature(api):
    children = (await api.get(f"{PATH}/0901")).json()["children"]
    assert [one["said"] for one in children][:2] == ["0901.11", "0901.12"]
    national = (await api.get(f"{PATH}/8703.23.01", params={"nomenclature": "HTSUS"})).json()
    assert (national["nomenclature"], national["level"]) == ("HTS", "national")


@pytest.mark.parametrize(
    ("code", "query", "status", "said"),
    [
        ("8799", {}, 404, "8716"),
        ("101.21", {}, 404, "0101.21"),
        ("cars", {}, 404, "8703"),
        ("8703.23.01", {}, 404, "name it (HTS"),
        ("8703", {"nomenclature": "XX"}, 400, "No nomenclature is known"),
    ],
)
async def test_a_code_that_does_not_exist_is_answered_with_the_nearest(
    api, code, query, status, said
):
    answer = await api.get(f"{PATH}/{code}", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert said in answer.json()["detail"]


async def test_a_product_names_the_subscriptions_that_it_touches(api, clock):
    wanted = []
    for number, (product, is_touched) in enumerate(
        [
            ("8703", True),
            ("8703.80", True),
            ("87", True),
            (["HTS 8703.80.00"], True),
            ("8703.23", False),
            ("9401", False),
            ({"codes": ["87"], "except": ["8703.80"]}, False),
        ]
    ):
        clock.advance(seconds=1)
        made = await api.post(
            "/v1/subscriptions", json={"url": URL, "product": product, "name": f"s{number}"}
        )
        assert made.status_code == 201, made.text
        wanted += [f"s{number}"] if is_touched else []
    await api.post("/v1/subscriptions", json={"url": URL, "country": "CN"})
    found = (await api.get(f"{PATH}/8703.80")).json()["subscriptions"]
    assert [one["name"] for one in found["items"]] == wanted
    assert (found["count"], found["complete"]) == (4, True)


# Groups


async def test_groups_are_listed_with_their_members_on_a_day(api):
    found = (await api.get("/v1/groups", params={"on": "2020-01-31"})).json()
    counted = {one["code"]: one["members"] for one in found["items"]}
    assert (counted["EU"], counted["USMCA"], counted["NAFTA"]) == (28, 0, 3)
    now = (await api.get("/v1/groups")).json()
    assert (now["on"], len(now["items"])) == ("2025-04-09", len(found["items"]))


@pytest.mark.parametrize(("on", "is_member"), [("2020-01-31", True), ("2020-02-01", False)])
async def test_a_group_has_the_members_of_the_day_with_their_source(api, on, is_member):
    found = (await api.get("/v1/groups/EU", params={"on": on})).json()
    part = "members" if is_member else "former"
    (row,) = [one for one in found[part] if one["code"] == "GB"]
    assert (row["name"], row["since"], row["until"]) == (
        "United Kingdom",
        "1973-01-01",
        "2020-02-01",
    )
    assert "Withdrawal Agreement" in row["source"]


async def test_who_joins_later_is_said(api):
    found = (await api.get("/v1/groups/eu", params={"on": "2013-06-30"})).json()
    assert [one["code"] for one in found["later"]] == ["HR"]
    assert all(one["until"] is None for one in found["members"] if one["code"] != "GB")


async def test_an_unknown_group_and_a_day_that_is_none_are_refused(api):
    lost = await api.get("/v1/groups/ASEEAN")
    assert (lost.status_code, "ASEAN" in lost.json()["detail"]) == (404, True)
    bad = await api.get("/v1/groups/EU", params={"on": "yesterday"})
    assert (bad.status_code, bad.json()["errors"][0]["where"]) == (400, "query.on")
