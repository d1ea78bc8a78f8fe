"""The service running for a test, and the year 2025 sent through it once for all of them."""

import asyncio
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.events_of_2025 import read_year
from tests.journey.places import Distributed, Folder, Place
from tests.journey.running import Json, Service, body_of, path_at, run_service
from tests.receivers import Mail, Request, http_receiver, smtp_receiver

TABLE = Path(__file__).parents[1] / "history" / "expected_2025.csv"
FOLLOWERS: dict[str, Json] = {
    "everything": {"lanes": [{}]},
    "cars": {"product": "8703"},
    "furniture": {"lanes": [{"origin": "Vietnam", "product": "9401.61"}]},
    "china": {"lanes": [{"origin": "CN"}]},
    "china-too": {"country": "CN"},
    "broker": {"lanes": [{}], "min_certainty": "official_statement"},
}


@dataclass(frozen=True)
class Year:
    """What the world saw of it, and what the API answered at the end.

    `rows` is the table of expected standings; `standings` by (measure, month end) the answer to
    each row; `lists` by month end all measures as they stood, as then known.
    """

    requests: list[Request]
    mails: list[Mail]
    events: list[Json]
    status: Json
    standings: dict[tuple[str, str], Json]
    lists: dict[str, list[Json]]

    def told(self, name: str) -> list[str]:
        """The ids of the events that a follower heard of."""
        return [one["cause"]["id"] for one in self.alerts(name)]

    def alerts(self, name: str) -> list[Json]:
        """What that follower was sent, in the order of its arrival."""
        return [body_of(one)["data"] for one in self.requests if one.path == f"/{name}"]


@pytest.fixture(scope="session", params=["embedded", "distributed"])
def new_place(request, tmp_path_factory) -> Callable[[], Place]:
    """Makes places for books and log that nobody else uses: every journey runs in both modes."""
    if request.param == "embedded":
        return lambda: Folder(tmp_path_factory.mktemp("place"))
    kafka = request.getfixturevalue("kafka_bootstrap")
    postgres = request.getfixturevalue("postgres_url")
    return lambda: Distributed(kafka, postgres)


@pytest.fixture
async def receiver():
    """Takes every alert; `script` and `answer` may be set."""
    async with http_receiver() as found:
        yield found


@pytest.fixture
async def smtp():
    """Takes every mail."""
    async with smtp_receiver() as found:
        yield found


@pytest.fixture
async def service(new_place, smtp):
    """The whole service on books and a log of its own."""
    async with run_service(new_place(), smtp) as running:
        yield running


@pytest.fixture(scope="session")
def rows():
    """The expected standings, written from reading the records before any event was."""
    return list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))


@pytest.fixture(scope="session")
def year(new_place, rows) -> Year:
    """The year 2025, sent event by event as a replay that alerts."""
    return asyncio.run(_replay(new_place(), rows))


async def _replay(place: Place, rows: list[dict[str, str]]) -> Year:
    async with (
        http_receiver() as receiver,
        smtp_receiver() as smtp,
        run_service(place, smtp) as service,
    ):
        for name, form in FOLLOWERS.items():
            await service.subscribe(name=name, url=path_at(receiver, name), **form)
        await service.subscribe(name="by mail", country="CN", email="desk@importer.example")
        for event in read_year():
            await service.send(event | {"handling": "simulated"})
        status = await service.settle()
        return Year(
            list(receiver.requests),
            list(smtp.mails),
            await _page_through(service, "/v1/events"),
            status,
            {(row["measure"], row["month_end"]): await _stand(service, row) for row in rows},
            {day: await _list(service, day) for day in {row["month_end"] for row in rows}},
        )


async def _stand(service: Service, row: dict[str, str]) -> Json:
    at = end_of(row["month_end"])
    answer = await service.ask(f"/v1/measures/{row['measure']}", at=at, known_at=at)
    return answer["standing"]


async def _list(service: Service, day: str) -> list[Json]:
    at = end_of(day)
    return await _page_through(service, "/v1/measures", at=at, known_at=at)


async def _page_through(service: Service, path: str, **query: str) -> list[Json]:
    page = await service.ask(path, **query)
    found = page["items"]
    while page["next"]:
        page = await service.ask(path, cursor=page["next"], **query)
        found += page["items"]
    return found


def end_of(day: str) -> str:
    """The instant at which the table asks."""
    return f"{day}T23:59:59Z"
