"""Every error leaves as RFC 9457 problem details, drawn once as a tree."""

import re

import httpx

from service.api import create_app, problems
from service.api.problems import Invalid, Problem
from service.core.event import Fault


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn = re.findall(r"[├└]── (\w+) +(\d+)", problems.__doc__ or "")
    assert drawn == [(one.__name__, str(one.status)) for one in Problem.__subclasses__()]


def test_each_problem_has_a_sentence_and_a_type_of_its_own():
    kinds = Problem.__subclasses__()
    assert len({one.slug for one in kinds}) == len(kinds)
    assert all(Problem.__doc__ != one.__doc__ for one in kinds)


def test_a_problem_without_detail_speaks_its_class_sentence():
    assert Invalid().as_json("/here")["detail"] == Invalid.__doc__


def test_of_very_many_faults_a_hundred_are_shown():
    faults = [Fault(f"[{number}]", "wrong") for number in range(500)]
    assert len(Invalid("many", faults).as_json("/here")["errors"]) == problems.SHOWN


async def test_a_fault_of_ours_is_a_problem_too(desk):
    app = create_app(desk)

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert "ZeroDivisionError" not in answer.text


async def test_a_client_that_goes_away_is_no_fault_of_ours(desk):
    app = create_app(desk)
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/destinations",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
