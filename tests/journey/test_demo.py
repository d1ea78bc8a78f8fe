"""The demo end to end: real servers on loopback, the whole year, every alert accounted for."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from rich.text import Text

from service.demo import Stage, perform
from service.demo.importers import IMPORTERS
from service.demo.mailbox import read_mail
from service.events_of_2025 import read_year
from tests.journey.places import Folder

ROOT = Path(__file__).parents[2]
START = "from service.cli import main; main()"


def begin(*words: str, folder: Path) -> subprocess.Popen:
    """`tariffwire …` in a folder of its own, with settings that the demo must not heed."""
    strange = {"TARIFFWIRE_API_KEY": "not-for-the-demo", "TARIFFWIRE_SMTP_HOST": "192.0.2.1"}
    return subprocess.Popen(
        [sys.executable, "-c", START, *words],
        cwd=folder,
        env={**os.environ, **strange, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def told(new_place, tmp_path_factory) -> tuple[dict, list[str]]:
    """One run for programs: its account, and what people saw meanwhile."""
    place = new_place()
    asyncio.run(place.prepare())
    words = ("demo", "--fast", "--json", *places_named(place))
    process = begin(*words, folder=tmp_path_factory.mktemp("demo"))
    out, shown = process.communicate()
    asyncio.run(place.clear())
    assert process.returncode == 0, shown
    return json.loads(out), shown.splitlines()


def places_named(place) -> tuple[str, ...]:
    """Engines are named; files are the demo's own."""
    if isinstance(place, Folder):
        return ()
    urls = place.settings
    return "--database", urls["database_url"], "--log", urls["log_url"]


def test_every_event_of_the_year_has_its_outcome(told):
    account, _ = told
    assert account["events"] == len(read_year()) == sum(account["outcomes"].values())
    assert account["changes"] == account["outcomes"]["changed"] > 0
    assert account["failures"] == []


def test_every_alert_that_was_promised_arrived_and_was_verified(told):
    account, _ = told
    assert [one["importer"] for one in account["tallies"]] == [one.name for one in IMPORTERS]
    for one in account["tallies"]:
        assert one["promised"] == one["received"] == one["verified"] > 0
    assert {one["channel"] for one in account["tallies"]} == {"webhook", "email"}


def test_each_alert_is_one_line_through_a_pipe(told):
    account, shown = told
    lines = [line for line in shown if " 2025  " in line]
    assert len(lines) == sum(one["received"] for one in account["tallies"])
    names = Counter(one.name for line in lines for one in IMPORTERS if one.name in line[:40])
    assert names == {one["importer"]: one["received"] for one in account["tallies"]}
    assert any("84 % → 125 %" in line and "EO 14266" in line for line in lines)


def test_what_was_not_sent_adds_up_to_all_changes(told):
    account, _ = told
    for one in account["tallies"]:
        missed = sum(part["count"] for part in account["unsent"] if part["who"] == one["importer"])
        assert missed + one["promised"] == account["changes"]


def test_the_year_sent_again_alerts_nobody(told):
    account, _ = told
    again = next(one for one in account["unsent"] if one["why"] == "sent again")
    assert again["count"] == account["events"]


def test_kept_it_serves_on_until_it_is_stopped(tmp_path):
    process = begin("demo", "--fast", "--keep", folder=tmp_path)
    url = ""
    for line in process.stdout:
        if "Still serving" in line:
            url = line.split()[2].rstrip(",")
            break
    held = httpx.get(f"{url}/v1/measures/us-reciprocal-cn", trust_env=False)
    assert held.status_code == 200
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []  # what it wrote was in a temporary folder


async def test_a_terminal_shows_it_too(tmp_path):
    with (tmp_path / "screen").open("w+") as screen:
        console = Console(file=screen, force_terminal=True, width=100, no_color=True)
        account = await perform(Stage(console), fast=True)
        screen.seek(0)
        shown = screen.read()
    assert all(one.is_whole for one in account.tallies)
    assert "Not sent, and why" in shown
    assert max(Text.from_ansi(line).cell_len for line in shown.splitlines()) <= 100


def test_a_mail_of_another_kind_is_shown_as_it_is():
    mail = read_mail(b"Message-ID: <a@b>\r\nSubject: x\r\n\r\nHello\r\nthere\r\n", "d@e.example")
    assert (mail.id, mail.change, mail.summary) == ("a", "", "Hello there")
