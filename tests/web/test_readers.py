"""Readers at their pages: a GET never acts, a POST does, and a no is a no."""

import asyncio
import re
from dataclasses import replace

import pytest

from service.core.destination.optin import PAUSED_BY_READER, UNSUBSCRIBED_BY_READER, Act
from service.core.proof.link import Purpose
from service.dispatch.plan import Planner
from service.store.delivery.tables import Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import change_destination, lock_destination
from service.store.following.tables import Destination
from service.store.mail.consents import list_consents
from service.store.mail.readers import find_reader, obey
from service.telemetry import Metrics
from tests.books import NOW, consumer_of, count, rows, silent, take
from tests.core.builders import measure
from tests.dispatch.gathering import wish
from tests.web.conftest import ADDRESS, BASE

CONFIRM, UNSUBSCRIBE, PREFERENCES = Purpose.CONFIRM, Purpose.UNSUBSCRIBE, Purpose.PREFERENCES


@pytest.fixture
def alert(db, log, clock):
    """Make one more change, planned for whoever subscribes."""
    made = []

    async def make():
        made.append(f"e{len(made)}")
        action = "increased" if made[1:] else "imposed"
        event = measure(made[-1], action, rate=str(10 + len(made)))
        await take(consumer_of(db, log, clock), db, event)
        planner = Planner(db, clock, Metrics(), silent)
        while await planner.step():
            pass

    return make


async def state_of(db, name="desk"):
    found = await rows(db, Destination, "id", "state", "reason")
    return next((state, reason) for one, state, reason in found if one == name)


async def acts_of(db, name="desk"):
    async with db.read() as session:
        return [one.act for one in await list_consents(session, name)]


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_a_page_changes_nothing(db, site, reader, purpose, method):
    links = await reader("unconfirmed")
    before = await rows(db, Destination)
    for _ in range(2):
        assert (await site.request(method, links[purpose])).status_code == 200
    assert await rows(db, Destination) == before
    assert await acts_of(db) == []


async def test_confirming_lets_go_what_was_held(db, site, reader, alert):
    links = await reader("unconfirmed")
    await alert()
    await alert()
    assert (await count(db, Held), await count(db, Delivery)) == (2, 0)
    page = await site.get(links[CONFIRM])
    assert f"Do you want tariff alerts at {ADDRESS}?" in page.text
    assert "all-desk" in page.text
    done = await site.post(links[CONFIRM])
    assert "Confirmed" in done.text
    assert await state_of(db) == ("active", "")
    assert (await count(db, Held), await count(db, Delivery)) == (0, 2)
    assert await acts_of(db) == ["confirm"]


async def test_confirming_twice_is_once(db, site, reader):
    links = await reader("unconfirmed")
    for _ in range(2):
        assert (await site.post(links[CONFIRM])).status_code == 200
    assert "Confirmed" in (await site.get(links[CONFIRM])).text
    assert await acts_of(db) == ["confirm"]


async def test_one_click_unsubscribes_without_cookie_or_question(db, site, reader, alert):
    links = await reader()
    await alert()
    answer = await site.post(links[UNSUBSCRIBE], data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert await state_of(db) == ("unsubscribed", UNSUBSCRIBED_BY_READER)
    assert await rows(db, Receipt, "outcome", "reason") == [("cancelled", UNSUBSCRIBED_BY_READER)]
    await alert()
    assert (await count(db, Delivery), await count(db, Held)) == (0, 0)


async def test_one_click_may_come_as_a_form_in_parts(db, site, reader):
    links = await reader()
    parts = {"List-Unsubscribe": (None, "One-Click")}
    assert (await site.post(links[UNSUBSCRIBE], files=parts)).status_code == 200
    assert (await state_of(db))[0] == "unsubscribed"


async def test_what_a_pause_holds_is_cancelled_by_a_no(db, site, reader, alert):
    links = await reader()
    await site.post(links[PREFERENCES], data={"do": "pause"})
    await alert()
    assert await count(db, Held) == 1
    await site.post(links[PREFERENCES], data={"do": "unsubscribe"})
    assert await count(db, Held) == 0
    assert [one for (one,) in await rows(db, Receipt, "outcome")] == ["cancelled"]


async def test_a_confirmation_of_before_does_not_undo_a_no(db, site, reader):
    links = await reader("unconfirmed")
    await site.post(links[UNSUBSCRIBE])
    answer = await site.post(links[CONFIRM])
    assert answer.status_code == 410
    assert (await state_of(db))[0] == "unsubscribed"


async def test_a_reader_pauses_and_goes_on(db, site, reader, alert, clock):
    links = await reader()
    page = await site.post(links[PREFERENCES], data={"do": "pause"})
    assert "are paused" in page.text
    assert await state_of(db) == ("paused", PAUSED_BY_READER)
    await alert()
    assert await count(db, Delivery) == 0
    clock.advance(days=1)
    page = await site.post(links[PREFERENCES], data={"do": "resume"})
    assert "are on" in page.text
    assert await count(db, Delivery) == 1
    assert await acts_of(db) == ["pause", "resume"]


async def test_what_its_owner_paused_a_reader_does_not_resume(db, site, reader):
    links = await reader("paused")
    page = await site.get(links[PREFERENCES])
    assert 'value="resume"' not in page.text
    await site.post(links[PREFERENCES], data={"do": "resume"})
    assert (await state_of(db))[0] == "paused"


@pytest.mark.parametrize("state", ["active", "paused", "unconfirmed", "unsubscribed", "disabled"])
@pytest.mark.parametrize("purpose", Purpose)
async def test_every_page_is_there_in_every_state(site, reader, state, purpose):
    links = await reader(state)
    for method in ("GET", "POST"):
        answer = await site.request(method, links[purpose])
        assert answer.status_code in {200, 404, 410}
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def mangled(url):
    head, _, token = url.rpartition("/")
    return {
        "cut off": f"{head}/{token[:-3]}",
        "made up": f"{head}/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "changed": f"{head}/{'B' if token[0] != 'B' else 'C'}{token[1:]}",
        "for something else": url.replace("/unsubscribe/", "/confirm/"),
        "odd letters": f"{head}/%00%ff..{token}",
    }


@pytest.mark.parametrize("how", mangled("a/b"))
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_wrong_link_does_and_tells_nothing(db, site, reader, how, method):
    links = await reader()
    before = await rows(db, Destination)
    answer = await site.request(method, mangled(links[UNSUBSCRIBE])[how])
    assert answer.status_code == 404
    assert "leads nowhere" in answer.text
    assert ADDRESS not in answer.text
    assert await rows(db, Destination) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_old_link_says_that_it_is_old(db, site, reader, clock, method):
    links = await reader("unconfirmed")
    clock.advance(days=8)
    answer = await site.request(method, links[CONFIRM])
    assert answer.status_code == 410
    assert ADDRESS not in answer.text
    assert (await state_of(db))[0] == "unconfirmed"
    assert (await site.get(links[UNSUBSCRIBE])).status_code == 200


async def test_a_link_for_an_address_of_before_is_old(db, site, reader, links):
    await reader()
    other = links.make(UNSUBSCRIBE, "desk", "former@importer.example", NOW)
    answer = await site.post(other)
    assert answer.status_code == 410
    assert (await state_of(db))[0] == "active"


async def test_a_click_waits_for_the_owner_who_moves_the_address(db, site, reader):
    links = await reader("unconfirmed")
    async with db.write() as session:
        held = await lock_destination(session, DEFAULT, "desk")
        clicking = asyncio.create_task(site.post(links[CONFIRM]))
        done, _ = await asyncio.wait({clicking}, timeout=0.3)
        assert not done
        await change_destination(session, replace(held, address="new@importer.example"))
    assert (await clicking).status_code == 410
    assert (await state_of(db))[0] == "unconfirmed"
    assert await acts_of(db) == []


async def test_an_owner_who_moves_the_address_waits_for_a_click(db, reader):
    await reader("unconfirmed")

    async def look():
        async with db.write() as session:
            return await lock_destination(session, DEFAULT, "desk")

    async with db.write() as session:
        found = await find_reader(session, "desk", locked=True)
        moving = asyncio.create_task(look())
        done, _ = await asyncio.wait({moving}, timeout=0.3)
        assert not done
        assert await obey(session, found, Act.CONFIRM, NOW)
    assert (await moving).state == "active"


@pytest.mark.parametrize("data", [{}, {"do": "confirm"}, {"do": "x"}, {"do": "y" * 20_000}])
async def test_a_choice_that_is_none_does_nothing(db, site, reader, data):
    links = await reader("unconfirmed")
    answer = await site.post(links[PREFERENCES], data=data)
    assert answer.status_code in {200, 404}
    assert (await state_of(db))[0] == "unconfirmed"


async def test_other_methods_and_places_are_no_pages(site, reader):
    links = await reader()
    assert (await site.put(links[UNSUBSCRIBE])).status_code == 405
    assert (await site.get(f"{BASE}/m/else")).status_code == 404


async def test_pages_forbid_all_but_themselves(site, reader):
    links = await reader()
    for answer in [await site.get(url) for url in (*links.values(), f"{BASE}/m/confirm/x")]:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "<script" not in answer.text
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", answer.text)


async def test_what_others_wrote_is_escaped(site, reader):
    links = await reader(name="<img src=x>")
    page = await site.get(links[PREFERENCES])
    assert "<img" not in page.text
    assert "&lt;img" in page.text


async def test_the_preferences_say_when_a_digest_comes(db, site, reader):
    links = await reader()
    page = (await site.get(links[PREFERENCES])).text
    assert "are on.</p>" in page
    daily = {"timezone": "Europe/Berlin", "digest": {"every": "day", "at": "07:00"}}
    await wish(db, "desk", **daily)
    page = (await site.get(links[PREFERENCES])).text
    assert "are on. They come together, every day at 07:00. These are times in Europe" in page


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("state", ["active", "paused", "unconfirmed", "unsubscribed", "disabled"])
async def test_every_page_is_in_the_language_of_its_reader(db, site, reader, state, purpose):
    links = await reader(state)
    await wish(db, "desk", language="de", digest={"every": "week", "at": "07:00"})
    page = await site.get(links[purpose])
    said = re.sub(r"<style>.*</style>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    assert '<html lang="de">' in page.text or page.status_code == 410
    assert page.status_code == 410 or not re.search(r"\b(the|you|alerts|are|this|mail)\b", said)
    if purpose is PREFERENCES:
        assert "jeden Montag um 07:00 Uhr" in said
