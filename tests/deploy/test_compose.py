"""docker-compose.yml works: its own commands and environments, from first start to SIGTERM."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from tests.deploy.project import read_services
from tests.deploy.running import PATIENCE, Running, make_secrets, until
from tests.engines.server import free_port
from tests.journey.places import Distributed
from tests.journey.running import cause_of, measure, secret_of, text_of, verify
from tests.receivers import http_receiver, smtp_receiver

DEMO_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@asynccontextmanager
async def up(variables, folder, here) -> AsyncIterator[dict[str, Running]]:
    """Start what is ours, each when what it waits for is as it wants; stop in reverse."""
    services = read_services(**variables)
    running = {
        name: Running(service, folder, here)
        for name, service in services.items()
        if service.is_ours
    }
    try:
        for one in running.values():
            for name, condition in one.service.waits_for.items():
                if name in running:
                    await running[name].wait_until(condition)
            await one.start()
        for name, one in running.items():
            if name != "migrate":
                await one.wait_until("service_healthy")
        yield running
    finally:
        codes = {name: await running[name].stop() for name in reversed(running)}
    assert codes == dict.fromkeys(codes, 0), {name: running[name].said for name in running}


@pytest.fixture
async def place(kafka_bootstrap, postgres_url):
    made = Distributed(kafka_bootstrap, postgres_url)
    await made.prepare()
    yield made
    await made.clear()


async def test_the_journey_runs_through_one_role_a_container(place, tmp_path):
    secrets = make_secrets(tmp_path)
    key, listening = (secrets / "api_key").read_text(), str(free_port())
    here = {
        "kafka:9092": f"{place.bootstrap}/{place.prefix}",
        "/run/secrets": str(secrets),
        "8321": listening,
    }
    (secrets / "database_url").write_text(place.settings["database_url"])
    async with http_receiver() as receiver, smtp_receiver() as smtp:
        chosen = {
            "ALLOW_LOOPBACK": "true",
            "SMTP_HOST": smtp.host,
            "SMTP_PORT": str(smtp.port),
            "DEMO_SECRET": DEMO_SECRET,
        }
        async with (
            asyncio.timeout(2 * PATIENCE),
            up(chosen, tmp_path, here) as running,
            open_client(running["api"].url, key) as api,
        ):
            made = await post(api, "subscriptions", country="CN", url=receiver.url)
            reader = {"email": "desk@importer.example", "confirmed": True, "consent": "by letter"}
            await post(api, "destinations", **reader)
            await post(api, "subscriptions", country="CN", email=reader["email"])
            demo = f"http://127.0.0.1:{listening}/"
            await post(api, "destinations", url=demo, secret=DEMO_SECRET)
            await post(api, "subscriptions", country="CN", url=demo)
            await send_over_http(api, measure("over-http", "us-cn", 84))
            await send_over_kafka(place, measure("over-kafka", "us-cn-2", 125))
            requests, mails = await receiver.wait_for(2), await smtp.wait_for(2)
            for request in requests:
                verify(request, secret_of(made))
            assert {cause_of(request) for request in requests} == {"over-http", "over-kafka"}
            assert sorted("125 %" in text_of(mail) for mail in mails) == [False, True]
            await until(lambda: has_printed(running["receiver"], 2))
            await until(lambda: has_published(place, 2))


def open_client(url, key):
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE)


async def post(api, what, **form):
    answer = await api.post(f"/v1/{what}", json=form)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def send_over_http(api, event):
    answer = await api.post("/v1/events", json=event)
    assert answer.status_code == 202, answer.text


async def send_over_kafka(place, event):
    """As somebody else's producer does: a CloudEvent in structured mode, and no key of ours."""
    async with AIOKafkaProducer(bootstrap_servers=place.bootstrap) as producer:
        kind = [("content-type", b"application/cloudevents+json")]
        await producer.send_and_wait(
            f"{place.prefix}.tariffs", json.dumps(event).encode(), headers=kind
        )


async def has_printed(receiver, count):
    """Each alert that it verified, on a line that begins with what it answered."""
    return receiver.said.count("204 ") == count


async def has_published(place, count):
    changes = await place.read_changes()
    assert {one["type"] for one in changes} <= {"tariffwire.change"}
    return len(changes) == count
