"""The page of an alert that somebody forwarded: whole, the same for everybody, about nobody."""

import asyncio
from uuid import UUID

import pytest

from service.core.change import read_change
from service.core.message.contents import contents_of
from service.store.standings.tables import Change
from tests.books import consumer_of, rows, take
from tests.core.builders import measure
from tests.web.conftest import ADDRESS, BASE

EVIDENCE = [
    {
        "kind": "press_report",
        "publisher": f"Paper {number}",
        "url": f"https://paper.example/{number}",
        "quote": "They <b>rise</b>.",
    }
    for number in range(12)
]


@pytest.fixture
async def change(db, log, clock):
    """The id of a change with many sources."""
    event = measure("law", "imposed", rate="25", evidence=EVIDENCE)
    await take(consumer_of(db, log, clock), db, event)
    ((found,),) = await rows(db, Change, "id")
    return found


async def test_it_says_all_that_is_known(db, site, change):
    page = await site.get(f"{BASE}/a/{change}")
    ((body,),) = await rows(db, Change, "body")
    contents = contents_of(read_change(body))
    assert page.status_code == 200
    assert contents.summary in page.text
    for label, value in contents.facts:
        assert f'<th scope="row">{label}</th><td>{value}</td>' in page.text
    for number in range(12):
        assert f"https://paper.example/{number}" in page.text
    assert "<b>rise" not in page.text


@pytest.mark.parametrize(
    ("asked", "language", "label"),
    [
        ("ja,en;q=0.8", "ja", "適用税率"),
        ("fr-CA, de-AT;q=0.7, en;q=0.3", "de", "Zu zahlen"),
        ("", "en", "Payable"),
    ],
)
async def test_it_is_in_the_language_of_the_browser(site, change, asked, language, label):
    page = await site.get(f"{BASE}/a/{change}", headers={"accept-language": asked})
    assert f'<html lang="{language}">' in page.text
    assert f'<th scope="row">{label}</th>' in page.text
    assert page.headers["content-language"] == language
    gone = await site.get(f"{BASE}/a/x", headers={"accept-language": asked})
    assert f'<html lang="{language}">' in gone.text


async def test_it_names_nobody_and_carries_no_token(site, reader, change):
    links = await reader()
    page = await site.get(f"{BASE}/a/{change}")
    assert ADDRESS not in page.text
    assert "/m/" not in page.text
    assert links


@pytest.mark.parametrize("name", [UUID(int=7), "x", "", UUID(int=0)], ids=str)
async def test_what_is_not_there_is_said_in_words(site, name):
    answer = await site.get(f"{BASE}/a/{name}")
    assert answer.status_code == 404
    assert "<h1>" in answer.text


async def test_nothing_is_done_there(site, change):
    assert (await site.post(f"{BASE}/a/{change}")).status_code == 405


async def test_it_is_looked_at_by_many(site, change):
    pages = await asyncio.gather(*(site.get(f"{BASE}/a/{change}") for _ in range(20)))
    assert len({page.text for page in pages}) == 1
