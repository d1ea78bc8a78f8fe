"""Whom and what is meant: unknown, short, or several at once; and no secret is repeated."""

import pytest

from tests.api.samples import SOURCE, measure
from tests.api.why.conftest import TO

TOKEN = "t0ken-that-nobody-may-read"
URL = f"https://user:{TOKEN}@hooks.example/tariffs?token={TOKEN}&team=4"
SHOWN = "https://hooks.example/tariffs?token=…&team=4"


async def refused(journey, to, about):
    answer = await journey.api.get("/v1/why", params={"to": to, "about": about})
    assert TOKEN not in answer.text
    [error] = answer.json()["errors"]
    return answer.status_code, error["where"], error["what"]


@pytest.mark.parametrize("about", ["1", "e1", f"{SOURCE} e1", "change"])
async def test_an_event_or_a_change_is_named_in_many_ways(journey, about):
    await journey.follow()
    await journey.tell(measure("e1"))
    [change] = (await journey.api.get("/v1/changes")).json()["items"]
    found = await journey.ask(change["id"] if about == "change" else about)
    assert found["about"] == {"source": SOURCE, "id": "e1", "change": change["id"], "number": 1}


@pytest.mark.parametrize(
    "to",
    [
        TO,
        URL,
        SHOWN,
        "https://hooks.example/tariffs?token=another-one-that-is-long&team=4",
        "https://hooks.example/tariffs",
    ],
)
async def test_a_destination_is_found_without_its_secrets_which_are_not_repeated(journey, to):
    await journey.follow(address=URL)
    await journey.tell(measure("e1"))
    await journey.send()
    answer = await journey.api.get("/v1/why", params={"to": to, "about": "1"})
    assert answer.json()["to"]["id"] == TO
    assert TOKEN not in answer.text
    assert "hooks.example/tariffs?token=" in answer.json()["to"]["address"]


async def test_an_unknown_address_is_said_without_its_secrets(journey):
    await journey.follow()
    assert await refused(journey, URL, "1") == (
        404,
        "query.to",
        f"there is no destination {SHOWN!r}; GET /v1/destinations lists them",
    )
    assert (await refused(journey, "nobody@example.com", "1"))[:2] == (404, "query.to")
    assert (await refused(journey, "https://[::1/", "1"))[:2] == (400, "query.to")


async def test_several_destinations_are_meant(journey):
    await journey.follow(to="dst_one", name="one", address="https://hooks.example/a?key=1")
    await journey.follow(to="dst_two", name="two", address="https://hooks.example/a?key=2")
    status, where, what = await refused(journey, "https://hooks.example/a", "1")
    assert (status, where) == (409, "query.to")
    assert "dst_one" in what
    assert "dst_two" in what


async def test_of_addresses_that_differ_in_capitals_alone_the_exact_one_is_meant(journey):
    for name, address in (("one", "Desk@Example.com"), ("two", "desk@example.com")):
        await journey.follow(to=f"dst_{name}", name=name, kind="email", address=address)
    await journey.tell(measure("e1"))
    assert (await journey.ask(to="Desk@Example.com"))["to"]["id"] == "dst_one"
    assert (await journey.ask(to="desk@example.com"))["to"]["id"] == "dst_two"
    assert (await refused(journey, "DESK@example.com", "1"))[:2] == (409, "query.to")


async def test_several_events_are_called_so(journey):
    await journey.follow()
    other = "https://other.example/feed"
    await journey.tell(measure("e1"), measure("e1", measure="another") | {"source": other})
    status, where, what = await refused(journey, TO, "e1")
    assert (status, where) == (409, "query.about")
    assert f"`{SOURCE} e1`" in what
    assert (await journey.ask(f"{other} e1"))["about"]["source"] == other


async def test_a_number_that_is_also_the_id_of_an_event(journey):
    await journey.follow()
    await journey.tell(measure("2"), measure("e2", measure="another"))
    status, _, what = await refused(journey, TO, "2")
    assert status == 409
    assert "(change 2)" in what


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"to": TO}, "query.about"),
        ({"about": "e1"}, "query.to"),
        ({"to": "", "about": "e1"}, "query.to"),
        ({"to": TO, "about": "x" * 2001}, "query.about"),
        ({"to": TO, "about": "e1", "when": "now"}, "query.when"),
    ],
)
async def test_what_cannot_be_asked_is_refused(journey, asked, where):
    answer = await journey.api.get("/v1/why", params=asked)
    assert answer.status_code in {400, 422}
    assert where in {one["where"] for one in answer.json()["errors"]}
