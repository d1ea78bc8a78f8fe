"""The second week of April 2025 as a digest a day and as one: by a real server, looked at."""

import asyncio
import os
import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from service.core.event import read_event
from service.events_of_2025 import read_year
from tests.browser import ENOUGH, browser_tab, contrast
from tests.journey.running import PATIENCE, Watch, run_service
from tests.mailserver import mail_server

BASE = "https://wire.example"
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2025, 4, 7, tzinfo=BERLIN)
NEXT = MONDAY + timedelta(days=7)
NO_REMINDERS = 1e-6
"""Hours. Their rhythm is that of the true time, in which this week passes in seconds."""
READERS = {
    "daily@importer.example": {"every": "day", "at": "07:00"},
    "weekly@importer.example": {"every": "week", "on": "sunday", "at": "20:00"},
}


def known(event):
    return read_event(event).knownfrom


def between(start, end):
    return [event for event in read_year() if start <= known(event) < end]


async def follow(service, email, digest):
    await service.subscribe(name="everything", lanes=[{}], email=email)
    (made,) = [
        one for one in (await service.ask("/v1/destinations"))["items"] if one["email"] == email
    ]
    wishes = {"preferences": {"timezone": "Europe/Berlin", "digest": digest}}
    answer = await service.api.patch(f"/v1/destinations/{made['id']}", json=wishes)
    assert answer.status_code == 200, answer.text


async def play(service, events):
    """Each at the instant at which it became known; digests leave between them as they are due."""
    for event in events:
        service.watch.set(known(event))
        await service.send(event)
        await service.settle()


async def live_through(place, post):
    """What the mailbox holds on the Monday after."""
    watch = Watch()
    watch.set(MONDAY.astimezone(UTC) - timedelta(hours=1))
    more = {"public_url": BASE, "remind_within_hours": NO_REMINDERS}
    async with run_service(place, post, watch, **more) as service:
        await service.send(*between(datetime(2025, 1, 1, tzinfo=UTC), MONDAY))
        await service.settle()
        for email, digest in READERS.items():
            await follow(service, email, digest)
        await play(service, between(MONDAY, NEXT))
        service.watch.set(NEXT.replace(hour=8))
        async with asyncio.timeout(PATIENCE):
            while (await service.ask("/v1/deliveries", state="held"))["items"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await service.settle()
        delivered = (await service.ask("/v1/deliveries", state="delivered", limit=200))["items"]
        return await post.wait_for(len(delivered))


@pytest.fixture(scope="module")
def mails(new_place):
    """Once for all tests."""
    with mail_server() as post:
        return asyncio.run(live_through(new_place(), post))


def digests_of(mails, email):
    mine = [one for one in mails if one["To"] == email]
    return [one for one in mine if " tariff changes" in one["Subject"]], mine


def many(digest):
    return int(digest["Subject"].split()[0])


def test_a_week_of_alerts_is_read_in_a_digest_a_day_or_in_one(mails):
    daily, all_of_daily = digests_of(mails, "daily@importer.example")
    weekly, all_of_weekly = digests_of(mails, "weekly@importer.example")
    critical = [one["Subject"] for one in all_of_weekly if one not in weekly]
    assert any("84 % → 125 %" in one for one in critical)  # which did not wait
    assert set(critical) <= {one["Subject"] for one in all_of_daily}
    (whole,) = weekly
    text = whole.get_body(("plain",)).get_content()
    assert text.startswith(f"{many(whole)} tariff changes in your digest of 13 Apr 2025\n")
    for said in (
        "HIGH: US duty on goods of Vietnam: 46 % → suspended from 10 Apr 2025 until 9 Jul 2025",
        "MEDIUM: Threat, not law: US duty on goods of China: 50 percentage points more",
        "Takes effect: 10 Apr 2025 00:01 New York",
        "INFO: Rumour, not law: US duty on goods of all origins",
    ):
        assert said in " ".join(text.split())
    assert text.index("HIGH") < text.index("MEDIUM") < text.index("INFO")
    texts = [one.get_body(("plain",)).get_content() for one in daily]
    days = [int(re.search(r"digest of (\d+) Apr 2025", one)[1]) for one in texts]
    assert days == [7, 9, 11]  # nothing that could wait came on the other days
    assert sum(map(many, daily)) == many(whole) == 9
    assert len(all_of_daily) - len(daily) == len(critical)


def test_a_digest_has_all_that_a_mail_must_have(mails):
    (whole,), _ = digests_of(mails, "weekly@importer.example")
    assert "\n" not in whole["Subject"]
    assert whole.get_content_type() == "multipart/alternative"
    assert [one.get_content_type() for one in whole.iter_parts()] == ["text/plain", "text/html"]
    assert whole["List-Unsubscribe"].startswith(f"<{BASE}/m/unsubscribe/")
    assert whole["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert whole["In-Reply-To"] is None
    assert whole["Auto-Submitted"] == "auto-generated"
    for part in whole.iter_parts():
        assert f"{BASE}/a/" in part.get_content()
        assert f"{BASE}/m/preferences/" in part.get_content()


async def test_it_can_be_read_by_day_and_by_night_on_paper_or_a_phone(mails, tmp_path):
    (whole,), _ = digests_of(mails, "weekly@importer.example")
    page = tmp_path / "digest.html"
    page.write_text(whole.get_body(("html",)).get_content(), "utf-8")
    async with browser_tab() as tab:
        for scheme, width in (("light", 800), ("dark", 800), ("light", 360)):
            await tab.prefer(scheme, width)
            await tab.open(page.as_uri())
            ground = (await tab.style("body"))["background-color"]
            for part in ("h1", "a", ".quiet", "td"):
                ratio = contrast((await tab.style(part))["color"], ground)
                assert ratio >= ENOUGH, (scheme, part, ratio)
            assert (await tab.tell("Page.getLayoutMetrics"))["cssContentSize"]["width"] <= width
            await picture(tab, f"{scheme}-{width}")
        roles = await tab.roles()
    assert ("columnheader", "Takes effect") in roles
    assert ("heading", f"{many(whole)} tariff changes in your digest of 13 Apr 2025") in roles
    assert tab.complaints == []


async def picture(tab, name):
    """To look at, where somebody says where to."""
    folder = os.environ.get("TARIFFWIRE_TEST_PICTURES")
    if folder:
        taken = await tab.tell("Page.captureScreenshot", captureBeyondViewport=True)
        path = Path(folder, f"digest-{name}.png")
        await asyncio.to_thread(path.write_bytes, b64decode(taken["data"]))
