"""The document describes what is served, and nothing that it allows makes the service stumble."""

import asyncio

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from service.api import create_app
from service.core.event import read_event

EXAMPLES = 8
"""Calls an operation; hypothesis draws the same ones each time."""


async def test_it_is_openapi_31_and_served_without_any_page_of_a_cdn(api):
    document = (await api.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert (await api.get("/docs")).status_code == 404
    assert (await api.get("/redoc")).status_code == 404


async def test_every_route_says_what_it_does(api):
    paths = (await api.get("/openapi.json")).json()["paths"]
    operations = [one for methods in paths.values() for one in methods.values()]
    assert all(one["summary"] and one["description"] for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


async def test_every_body_has_a_schema_that_is_there_and_an_example(api):
    document = (await api.get("/openapi.json")).json()
    bodies = [
        content
        for methods in document["paths"].values()
        for one in methods.values()
        for content in one.get("requestBody", {}).get("content", {}).values()
    ]
    names = [one["schema"]["$ref"].rpartition("/")[2] for one in bodies if "$ref" in one["schema"]]
    assert set(names) <= set(document["components"]["schemas"])
    assert {"Event", "SubscriptionForm", "DestinationForm"} <= set(names)
    assert all(one["examples"] for one in bodies if "$ref" in one["schema"])


async def test_the_examples_work_as_they_stand(api):
    document = (await api.get("/openapi.json")).json()

    def examples(path):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        return [one["value"] for one in content["examples"].values()]

    for event in examples("/v1/events"):
        read_event(event)
    for path in ("/v1/destinations", "/v1/subscriptions"):
        for body in examples(path):
            if "destinations" not in body:
                assert (await api.post(path, json=body)).status_code == 201


@pytest.fixture
def operations(desk):
    app = create_app(desk)
    schema = schemathesis.openapi.from_dict(app.openapi())
    return app, [found.ok() for found in schema.get_all_operations()]


async def test_nothing_drawn_from_the_document_is_a_fault_of_ours(operations):
    app, found = operations
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as api:
        for operation in found:
            await asyncio.to_thread(_draw, operation, api, loop)


def _draw(operation, api, loop):
    """Hypothesis draws in a thread of its own, the service stays on its loop."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case):
        sent = case.as_transport_kwargs(base_url="http://api.test")
        sent.pop("cookies", None)
        if isinstance(sent.get("data"), str | bytes):  # of a table; httpx takes forms by that name
            sent["content"] = sent.pop("data")
        request = api.build_request(**sent)
        answer = asyncio.run_coroutine_threadsafe(api.send(request), loop).result()
        assert answer.status_code < 500, (str(request.url), request.content, answer.text)

    call()
