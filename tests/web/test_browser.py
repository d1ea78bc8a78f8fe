"""The pages in a real browser: by keyboard, without script, in light and in dark."""

import asyncio

import pytest

from service.core.proof.link import Links, Purpose
from service.runtime.listening import address_of, listen, serve_http
from service.store.following.tables import Destination
from service.store.standings.tables import Change
from service.web import Lobby, make_site
from tests.books import consumer_of, rows, take
from tests.browser import ENOUGH, brightness, browser_tab, contrast
from tests.core.builders import measure


@pytest.fixture
async def served(db, clock):
    """The site on a port; gives its links."""
    with listen("127.0.0.1", 0) as listener:
        links = Links(bytes(32), address_of(listener))
        stop = asyncio.Event()
        serving = asyncio.create_task(
            serve_http(make_site(Lobby(db, clock, links)), listener, stop)
        )
        yield links
        stop.set()
        await serving


@pytest.fixture
def links(served):
    """Those of the site that is served: `reader` makes them."""
    return served


@pytest.fixture
async def tab():
    async with browser_tab() as opened:
        yield opened


async def state_of(db):
    ((state,),) = await rows(db, Destination, "state")
    return state


@pytest.fixture
def database_url(migrated, tmp_path):
    """One engine is enough here."""
    path = tmp_path / "books.db"
    path.write_bytes(migrated.read_bytes())
    return f"sqlite:///{path}"


ACTS = {
    Purpose.CONFIRM: ("unconfirmed", "active"),
    Purpose.UNSUBSCRIBE: ("active", "unsubscribed"),
    Purpose.PREFERENCES: ("active", "paused"),
}


@pytest.mark.parametrize("purpose", ACTS)
async def test_looking_never_acts_and_the_button_does(db, reader, tab, purpose):
    before, after = ACTS[purpose]
    mine = await reader(before)
    for _ in range(2):
        await tab.open(mine[purpose])
    assert await state_of(db) == before
    await tab.press("Tab", "Enter", leaves=True)
    assert await state_of(db) == after
    assert tab.complaints == []


async def test_a_screen_reader_is_told_what_is_what(db, reader, tab):
    mine = await reader()
    await tab.open(mine[Purpose.PREFERENCES])
    told = await tab.roles()
    assert ("heading", "Your tariff alerts") in told
    assert ("list", "What you follow") in told
    assert [name for role, name in told if role == "button"] == ["Pause", "Unsubscribe"]
    assert {"banner", "main", "contentinfo"} <= {role for role, _ in told}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(db, reader, tab, scheme):
    mine = await reader()
    await tab.prefer(scheme, 360)
    await tab.open(mine[Purpose.PREFERENCES])
    ground = (await tab.style("body"))["background-color"]
    assert (brightness(ground) > 0.5) == (scheme == "light")
    for selector in ("h1", "header", "footer", "button.plain"):
        assert contrast((await tab.style(selector))["color"], ground) >= ENOUGH
    button = await tab.style("button")
    assert contrast(button["color"], button["background-color"]) >= ENOUGH


async def test_a_forwarded_alert_is_read_on_a_small_screen(db, log, clock, served, tab):
    await take(consumer_of(db, log, clock), db, measure("law", "imposed", rate="25"))
    ((change,),) = await rows(db, Change, "id")
    await tab.prefer("light", 320)
    await tab.open(served.forward(change))
    size = (await tab.tell("Page.getLayoutMetrics"))["cssContentSize"]
    assert size["width"] <= 320  # nothing to be scrolled sideways
    told = await tab.roles()
    assert ("rowheader", "How sure") in told
    assert tab.complaints == []
