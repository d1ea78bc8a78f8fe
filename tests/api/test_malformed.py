"""What people and programs get wrong: each is answered with what, where and how to mend it."""

import json
from typing import Any

import pytest

from tests.api.samples import NDJSON, lines, logged, measure, rate, verdict

EVENTS = "/v1/events"
SUBSCRIPTIONS = "/v1/subscriptions"
DESTINATIONS = "/v1/destinations"
JSON = {"content-type": "application/json"}
URL = "https://example.com/hook"


def deep(levels: int) -> bytes:
    return b'{"data":' * levels + b"1" + b"}" * levels


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in measure().items() if key != name}


def raw(event: dict[str, Any], old: str, new: str) -> bytes:
    return json.dumps(event).replace(old, new).encode()


def follow(**given: Any) -> dict[str, Any]:
    return {"url": URL} | given


# (method, path, body: JSON or bytes, headers, status, where)
CASES: dict[str, tuple[str, str, Any, dict[str, str], int, str]] = {
    "not JSON": ("POST", EVENTS, b"{nope", JSON, 400, "body"),
    "an empty body": ("POST", EVENTS, b"", JSON, 400, "body"),
    "an empty array": ("POST", EVENTS, [], JSON, 422, "body"),
    "a number for an event": ("POST", EVENTS, [7], JSON, 422, "[0]"),
    "not UTF-8": ("POST", EVENTS, b'{"id":"\xff"}', JSON, 400, "body"),
    "NaN": ("POST", EVENTS, raw(measure(), '"125"', "NaN"), JSON, 400, "body"),
    "a number past any database": (
        "POST",
        EVENTS,
        b'{"id":' + b"9" * 400 + b"}",
        JSON,
        400,
        "body",
    ),
    "deep JSON": ("POST", EVENTS, deep(20_000), JSON, 400, "body"),
    "a deep field": (
        "POST",
        EVENTS,
        measure(apply=json.loads(deep(40))),
        JSON,
        422,
        "data.apply",
    ),
    "a duplicate key": ("POST", EVENTS, b'{"id":"a","id":"b"}', JSON, 400, "id"),
    "a NUL": (
        "POST",
        EVENTS,
        raw(measure(programme="x"), '"x"', '"\\u0000"'),
        JSON,
        400,
        "programme",
    ),
    "half a surrogate pair": (
        "POST",
        EVENTS,
        raw(measure(programme="x"), '"x"', '"\\ud800"'),
        JSON,
        400,
        "programme",
    ),
    "a body of 10 MB": ("POST", EVENTS, b"[" + b" " * 10_000_000 + b"]", JSON, 413, "body"),
    "no content type": ("POST", EVENTS, b"{}", {}, 415, "Content-Type"),
    "XML": ("POST", EVENTS, b"<a/>", {"content-type": "text/xml"}, 415, "Content-Type"),
    "another charset": (
        "POST",
        EVENTS,
        b"{}",
        {"content-type": "application/json; charset=latin-1"},
        415,
        "Content-Type",
    ),
    "a compressed body": (
        "POST",
        EVENTS,
        b"x",
        JSON | {"content-encoding": "gzip"},
        415,
        "Encoding",
    ),
    "no id": ("POST", EVENTS, without("id"), JSON, 422, "id"),
    "no type": ("POST", EVENTS, without("type"), JSON, 422, "type"),
    "another specversion": (
        "POST",
        EVENTS,
        measure() | {"specversion": "0.3"},
        JSON,
        422,
        "specversion",
    ),
    "an unknown type": ("POST", EVENTS, measure() | {"type": "tariff.rumour"}, JSON, 422, "type"),
    "an id that is a number": ("POST", EVENTS, measure() | {"id": 7}, JSON, 422, "id"),
    "a line break in an id": ("POST", EVENTS, measure("a\nb"), JSON, 422, "id"),
    "a bad extension": ("POST", EVENTS, measure() | {"My-Own": "1"}, JSON, 422, "My-Own"),
    "an unknown country": ("POST", EVENTS, measure(importer="USA"), JSON, 422, "data.importer"),
    "an unknown action": ("POST", EVENTS, measure(action="raised"), JSON, 422, "data.action"),
    "a misspelt field": ("POST", EVENTS, measure(dutty={}), JSON, 422, "data.dutty"),
    "a rate that is a number": (
        "POST",
        EVENTS,
        measure(duty={"components": [{"kind": "ad_valorem", "amount": 25}]}),
        JSON,
        422,
        "data.duty.components[0].amount",
    ),
    "a negative rate": (
        "POST",
        EVENTS,
        measure(duty=rate("-5")),
        JSON,
        422,
        "components[0].amount",
    ),
    "a day that does not exist": (
        "POST",
        EVENTS,
        measure(announced_at="2025-02-30"),
        JSON,
        422,
        "data.announced_at",
    ),
    "an instant without offset": (
        "POST",
        EVENTS,
        measure(effective_at="2025-04-10T00:01:00"),
        JSON,
        422,
        "data.effective_at",
    ),
    "an end before the start": ("POST", EVENTS, measure(until="2025-01-01"), JSON, 422, "data"),
    "codes without a list": (
        "POST",
        EVENTS,
        measure(product={"scope": "codes"}),
        JSON,
        422,
        "data.product",
    ),
    "no product code": (
        "POST",
        EVENTS,
        measure(product={"scope": "codes", "include": ["8703.2x"]}),
        JSON,
        422,
        "data.product.include[0]",
    ),
    "a claim about itself": ("POST", EVENTS, verdict("c1", "c1"), JSON, 422, "data.about"),
    "a bad line": ("POST", EVENTS, lines(measure()) + b"\n{", NDJSON, 422, "line 2"),
    "an array where one is said": (
        "POST",
        EVENTS,
        [measure()],
        {"content-type": "application/cloudevents+json"},
        422,
        "body",
    ),
    "the same id with other content": (
        "POST",
        EVENTS,
        measure("accepted", action="decreased"),
        JSON,
        409,
        "id",
    ),
    "nothing to follow": ("POST", SUBSCRIPTIONS, follow(), JSON, 422, "body"),
    "nobody to tell": ("POST", SUBSCRIPTIONS, {"country": "CN"}, JSON, 422, "body"),
    "an unknown heading": ("POST", SUBSCRIPTIONS, follow(product="8799"), JSON, 422, "product"),
    "a slip in a code": ("POST", SUBSCRIPTIONS, follow(product="8703.2x"), JSON, 422, "product"),
    "a slip in a country": (
        "POST",
        SUBSCRIPTIONS,
        follow(lanes=[{"origin": "Vietnan"}]),
        JSON,
        422,
        "lanes[0].origin",
    ),
    "an unknown kind": (
        "POST",
        SUBSCRIPTIONS,
        follow(country="CN", kinds=["x"]),
        JSON,
        422,
        "kinds[0]",
    ),
    "an unknown destination": (
        "POST",
        SUBSCRIPTIONS,
        {"country": "CN", "destinations": ["dst_1"]},
        JSON,
        422,
        "destinations[0]",
    ),
    "metadata past any limit": (
        "POST",
        SUBSCRIPTIONS,
        follow(country="CN", metadata={"a": "x" * 3000}),
        JSON,
        422,
        "metadata",
    ),
    "metadata that no alert can carry": (
        "POST",
        SUBSCRIPTIONS,
        follow(country="CN", metadata={"a": 2**70}),
        JSON,
        422,
        "metadata",
    ),
    "a list for a form": ("POST", SUBSCRIPTIONS, [], JSON, 422, "body"),
    "a private address": ("POST", DESTINATIONS, {"url": "http://10.0.0.1/"}, JSON, 422, "url"),
    "loopback": ("POST", DESTINATIONS, {"url": "http://localhost:9000/"}, JSON, 422, "url"),
    "no mail address": ("POST", DESTINATIONS, {"email": "desk"}, JSON, 422, "email"),
    "a URL and an address": (
        "POST",
        DESTINATIONS,
        {"url": URL, "email": "a@b.example"},
        JSON,
        422,
        "body",
    ),
    "a short secret": (
        "POST",
        DESTINATIONS,
        {"url": URL, "secret": "whsec_AAAA"},
        JSON,
        422,
        "secret",
    ),
    "a secret without prefix": (
        "POST",
        DESTINATIONS,
        {"url": URL, "secret": "A" * 44},
        JSON,
        422,
        "secret",
    ),
    "a form that is not JSON": ("POST", DESTINATIONS, b"url=x", JSON, 400, "body"),
    "a form of another type": (
        "POST",
        DESTINATIONS,
        b"url=x",
        {"content-type": "application/x-www-form-urlencoded"},
        415,
        "Type",
    ),
    "an unknown path": ("GET", "/v1/subscription", None, {}, 404, "path"),
    "an unknown destination to read": ("GET", "/v1/destinations/dst_1", None, {}, 404, "path"),
    "no id of a change": ("GET", "/v1/changes/7", None, {}, 404, "path"),
    "a wrong method": ("DELETE", "/v1/changes", None, {}, 405, "method"),
    "a bad cursor": ("GET", "/v1/changes?cursor=%21%21", None, {}, 400, "query.cursor"),
    "a cursor of another list": ("GET", "/v1/changes?cursor=ImEi", None, {}, 400, "query.cursor"),
    "a cursor past any number": (
        "GET",
        "/v1/changes?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ",
        None,
        {},
        400,
        "query.cursor",
    ),
    "half a pair in a cursor": (
        "GET",
        "/v1/subscriptions?cursor=Ilx1ZDgwMCI",
        None,
        {},
        400,
        "query.cursor",
    ),
    "a limit past the limit": ("GET", "/v1/changes?limit=9999", None, {}, 400, "query.limit"),
    "a limit that is no number": ("GET", "/v1/changes?limit=ten", None, {}, 400, "query.limit"),
    "a misspelt parameter": ("GET", "/v1/changes?severety=high", None, {}, 400, "query.severety"),
    "a parameter where none is taken": ("GET", "/livez?verbose=1", None, {}, 400, "query.verbose"),
    "a parameter that stands twice": (
        "GET",
        "/v1/measures?importer=US&status=active&importer=DE",
        None,
        {},
        400,
        "query.importer",
    ),
    "a parameter that stands twice alike": (
        "GET",
        "/v1/changes?limit=5&limit=5",
        None,
        {},
        400,
        "query.limit",
    ),
    "an unknown severity": ("GET", "/v1/changes?severity=huge", None, {}, 400, "query.severity"),
    "a day in words": ("GET", "/v1/measures?at=yesterday", None, {}, 400, "query.at"),
    "a country in a slip": ("GET", "/v1/measures?origin=Vietnan", None, {}, 400, "query.origin"),
    "a NUL in a parameter": ("GET", "/v1/events?subject=a%00b", None, {}, 400, "query.subject"),
    "a NUL in a path": ("GET", "/v1/measures/a%00b", None, {}, 400, "path"),
    "a label without text": ("GET", "/v1/subscriptions?label=team", None, {}, 400, "query.label"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_it_is_a_problem_that_names_the_place_and_takes_nothing(api, desk, case):
    method, path, body, headers, status, where = case
    await api.post(EVENTS, json=measure("accepted"))
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    answer = await api.request(method, path, content=content, headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert problem["instance"]
    assert any(where in one["where"] for one in problem["errors"]), problem
    assert all(one["what"] for one in problem["errors"])
    assert [json.loads(value)["id"] for value in await logged(desk, "tariffs")] == ["accepted"]


def test_there_are_at_least_forty():
    assert len(CASES) >= 40


@pytest.mark.parametrize(
    ("method", "path", "body", "hint"),
    [
        ("POST", EVENTS, measure(dutty={}), "did you mean `duty`?"),
        ("POST", EVENTS, measure(importer="UK"), "did you mean 'GB'"),
        (
            "POST",
            EVENTS,
            measure(product={"scope": "codes", "include": ["8703.99"]}),
            "Did you mean 8703.90",
        ),
        ("POST", SUBSCRIPTIONS, follow(country="Vietnan"), "VN (Vietnam)"),
        ("POST", SUBSCRIPTIONS, follow(contry="VN"), "did you mean `country`?"),
        ("POST", SUBSCRIPTIONS, follow(product="8703.2x"), "8703"),
        ("GET", "/v1/changes?severety=high", None, "did you mean `severity`?"),
        ("GET", "/v1/deliverys", None, "/v1/deliveries"),
    ],
)
async def test_a_slip_is_answered_with_a_suggestion(api, method, path, body, hint):
    answer = await api.request(method, path, json=body)
    assert 400 <= answer.status_code < 500
    assert hint in answer.json()["errors"][0]["what"]


async def test_a_wrong_method_says_which_are_right(api):
    answer = await api.put("/v1/destinations", json={})
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


async def test_a_parameter_that_is_a_list_may_stand_twice(api):
    asked = {"importer": "US", "origin": "CN", "product": "8703.23"}
    facts = {"fact": ["usmca=true", "usmca=false", "a=true"]}
    answer = await api.get("/v1/rates", params=asked | facts)
    assert "more than once" not in answer.text
