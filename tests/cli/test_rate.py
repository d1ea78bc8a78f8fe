"""`tariffwire rate`, against a service in a process of its own."""

import json
import time

import httpx
import pytest

from service.events_of_2025 import read_year
from tests.cli.processes import tariffwire

CAR = ("rate", "US", "China", "8703.23", "--on", "2025-05-01")
TOLD = ("--fact", "in_scope:us-s232-metals=false", "--fact", "column1_pct=2.5")


@pytest.fixture(scope="module")
def year(service, tmp_path_factory):
    """The year as history."""
    path = tmp_path_factory.mktemp("year") / "year.ndjson"
    path.write_text("\n".join(map(json.dumps, read_year())), "utf-8")
    result = tariffwire("replay", str(path), at=service)
    assert result.exit_code == 0, result.output
    last = f"{service.url}/v1/measures/us-s232-timber-cabinets"
    while "us-timber-stepup-delayed/cabinets" not in httpx.get(last).text:
        time.sleep(0.05)


def test_a_rate_is_shown_line_by_line(service, year):
    shown = tariffwire(*CAR, *TOLD, "--known", "2025-06-10", at=service)
    assert shown.exit_code == 0, shown.output
    assert "47.5 % in all." in shown.stdout
    assert "us-fentanyl-cn" in shown.stdout
    assert "us-reciprocal-cn, 125 %, is not owed: us-s232-autos excludes it" in shown.stdout
    assert "not in the books: S201" in shown.stdout


def test_programs_get_the_whole_answer(service, year):
    shown = tariffwire(*CAR, *TOLD, "--json", at=service)
    found = json.loads(shown.stdout)
    assert found["answers"][0]["total_pct"] == "47.5"


def test_each_branch_and_each_doubt_is_shown(service, year):
    words = ("rate", "US", "MX", "9503.00", "--on", "2025-05-01", *TOLD, "--fact", "usmc=true")
    shown = tariffwire(*words, at=service).stdout
    assert "If USMCA qualifying holds: 2.5 % in all." in shown
    assert "nothing asks for this fact: usmc" in shown
    doubtful = tariffwire("rate", "US", "VN", "9503.00", "--on", "2025-07-01", at=service).stdout
    assert "column1_pct is unknown" in doubtful
    assert "us-s232-metals, 50 %, is on goods only described" in doubtful
    assert "us-reciprocal-vn is suspended" in doubtful


def test_outside_the_books_is_bad_news(service, year):
    shown = tariffwire("rate", "US", "KR", "8703.23", "--on", "2025-05-01", at=service)
    assert shown.exit_code == 6
    assert "not covered: of what US levies, the books are complete for goods of" in shown.stderr
    assert "TARIFFWIRE_RELATIONS" in shown.stderr
    later = tariffwire("rate", "US", "CN", "8703.23", "--on", "2025-12-01", at=service)
    assert later.exit_code == 6
    assert "from 2025-02-01 until 2025-11-01, not on 2025-12-01" in later.stderr


def test_what_is_missing_is_written_out_to_be_told(service, year):
    shown = tariffwire(*CAR, "--known", "2025-04-10", at=service).stdout
    assert "--fact in_scope:us-s232-metals=false --fact column1_pct=2.5" in shown
    told = tariffwire(*CAR, *TOLD, "--known", "2025-06-10", at=service).stdout
    assert "--fact" not in told


def test_who_levies_for_a_member_is_said(service, year):
    shown = tariffwire("rate", "DE", "US", "8711.50", "--on", "2025-05-01", at=service)
    assert shown.exit_code == 0, shown.output
    assert "EU levies for DE" in shown.stdout


def test_a_slip_is_answered_with_what_to_write(service):
    shown = tariffwire("rate", "US", "Chnia", "8703.23", at=service)
    assert shown.exit_code == 1
    assert "China" in shown.stderr
