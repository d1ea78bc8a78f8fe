"""Kill -9 at random while events go in and alerts go out: nothing acknowledged is lost.

Seeded: which events, in which batches, and after how many acknowledgements each kill falls.
`TARIFFWIRE_TEST_KILLS=50` is the long form, with 5,000 events; `TARIFFWIRE_TEST_SEED` another run.
"""

import asyncio
import sys
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from tests.journey.running import body_of
from tests.journey.torture import EVENTS, KILLS, MEASURES, ROUNDS, torture


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    found = asyncio.run(torture(tmp_path_factory.mktemp("kill")))
    sys.stdout.write(f"\n{found}\n")
    return found


def test_it_was_killed_and_every_event_was_acknowledged_in_the_end(ledger):
    assert ledger.kills == KILLS
    assert ledger.acknowledged == len(ledger.planned) == EVENTS


def test_every_alert_of_every_acknowledged_event_arrives(ledger):
    assert not ledger.expected - ledger.ids.keys()


def test_nothing_arrives_that_nobody_asked_for(ledger):
    assert not ledger.ids.keys() - ledger.expected


def test_each_alert_keeps_one_webhook_id(ledger):
    assert not {alert: ids for alert, ids in ledger.ids.items() if len(ids) > 1}


def test_what_comes_twice_is_the_same_delivery_in_the_same_bytes(ledger):
    assert all(len(contents) == 1 for contents in ledger.contents.values())


def test_two_subscriptions_on_one_url_stay_one_delivery(ledger):
    matched = {
        len(body_of(request)["data"]["matched"])
        for request in ledger.requests
        if request.path == "/china"
    }
    assert matched == {2}


def test_every_subject_is_counted_without_a_gap_and_in_order(ledger):
    """Each measure was moved point by point: its n-th change is its n-th step."""
    found = defaultdict(set)
    for request in ledger.requests:
        if request.path == "/everything":
            data = body_of(request)["data"]
            found[data["subject"]].add((data["sequence"], int(data["cause"]["id"].split("-")[1])))
    assert len(found) == MEASURES
    for subject, pairs in found.items():
        assert sorted(pairs) == [(step + 1, step) for step in range(ROUNDS)], subject


def test_every_signature_is_good_whenever_it_was_made(ledger):
    """Signed anew by PyPI's library at the instant that the header names."""
    for request in ledger.requests:
        found = request.headers
        moment = datetime.fromtimestamp(int(found["webhook-timestamp"]), UTC)
        signer = Webhook(ledger.secrets[request.path.removeprefix("/")])
        again = signer.sign(found["webhook-id"], moment, request.body.decode())
        assert again in found["webhook-signature"].split()


def test_the_books_agree(ledger):
    stages = ledger.status["stages"]
    assert stages["event"]["outcomes"] == {"changed": EVENTS}
    assert stages["change"]["done"] == EVENTS
    assert stages["delivery"]["done"] == len(ledger.expected)
    assert stages["receipt"]["outcomes"] == {"delivered": len(ledger.expected)}
    assert ledger.status["quarantine"] == {"open": 0}


def test_after_all_that_it_still_ends_when_asked(ledger):
    assert ledger.exit_code == 0
