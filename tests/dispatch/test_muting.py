"""A subject kept quiet, and receivers that ask for their alerts themselves."""

from datetime import timedelta

import pytest

from service.core.change import Severity
from service.core.sending.steering import Act
from service.store.delivery.tables import Alert, Delivery, Receipt
from service.store.following.accounts import DEFAULT
from service.store.steering.muting import MuteValue, add_mute, end_mute
from tests.books import NOW, add_receiver, count, rows, subscribe
from tests.dispatch.office import follow, send_all
from tests.dispatch.steering import again, alerts, change_of, say, tell
from tests.receivers import http_receiver

SUBJECT = "measure:us-test-cn"


@pytest.fixture
def mute(db):
    """Keep a subject quiet for a day."""

    async def add(subject=SUBJECT, destination="", **more):
        value = MuteValue(
            id=f"mut_{destination}",
            account_id=DEFAULT,
            destination_id=destination,
            subject=subject,
            until=NOW + timedelta(days=1),
            note="our holiday",
            who="kim",
            created_at=NOW,
            **{"except_critical": False} | more,
        )
        async with db.write() as session:
            await add_mute(session, value)

    return add


async def ends(db):
    """destination → how its alerts ended, in their order; None for what is on its way."""
    outcomes = {row[0]: row[1] for row in await rows(db, Receipt, "delivery_id", "outcome")}
    found = {}
    for identity, destination in await alerts(db, "id", "destination_id"):
        found.setdefault(destination, []).append(outcomes.get(identity))
    return found


async def test_a_muted_alert_ends_with_its_reason_and_can_be_sent_all_the_same(
    db, clock, alert, dispatch, mute
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await mute()
        await alert()
        await send_all(dispatch())
        assert receiver.requests == []
        assert await rows(db, Receipt, "outcome", "reason", "attempts") == [
            ("muted", "muted until 2025-04-10T20:00:00+00:00 by kim: our holiday", 0)
        ]
        ((identity,),) = await alerts(db, "id")
        await again(db, clock, identity)
        await send_all(dispatch("later"))
    assert len(receiver.requests) == 1
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)]


async def test_only_what_it_names_is_quiet(db, clock, alert, mute):
    await follow(db, "quiet")
    await follow(db, "loud")
    await mute(destination="quiet")
    await mute(subject="measure:other")
    await alert()
    assert await ends(db) == {"quiet": ["muted"], "loud": [None]}


async def test_it_ends_by_itself_or_by_hand(db, clock, alert, mute):
    await follow(db, "desk")
    await mute()
    await alert()
    clock.advance(days=1)
    await alert()
    clock.advance(days=-1)
    await alert()
    async with db.write() as session:
        await end_mute(session, "mut_")
    await alert()
    assert await ends(db) == {"desk": ["muted", None, "muted", None]}


async def test_critical_alerts_pass_where_they_may(db, clock, alert, mute):
    await follow(db, "desk")
    await mute(except_critical=True)
    await alert(2)
    severities = [(await change_of(db, number)).severity for number in (1, 2)]
    assert severities == [Severity.CRITICAL, Severity.HIGH]
    assert await ends(db) == {"desk": [None, "muted"]}


async def test_what_was_muted_was_not_told(db, clock, alert, mute):
    """11 % was told and 13 % muted: 14 % is three points away from what they know."""
    await add_receiver(db, "desk")
    await subscribe(db, "big", ["desk"], min_delta_pp="2")
    await alert(2)
    await mute()
    await alert()
    clock.advance(days=2)
    await alert()
    assert await alerts(db, "told_pp") == [("11",), ("13",), ("14",)]
    assert await ends(db) == {"desk": [None, "muted", None]}


# Receivers that ask


async def test_who_asks_for_its_alerts_is_sent_nothing(db, clock, alert, dispatch):
    await follow(db, "poll", kind="pull", address="pull:poll")
    await alert(2)
    assert await count(db, Delivery) == 0
    assert (
        await rows(db, Receipt, "outcome", "reason") == [("listed", "its receiver asks for it")] * 2
    )
    await say(db, clock, Act.RECALL)
    assert await ends(db) == {"poll": ["listed"] * 3}
    assert await count(db, Alert) == 3


async def test_a_change_is_replayed_to_who_asks_by_listing_it(db, clock, alert):
    await alert()
    await add_receiver(db, "poll", "pull:poll", "pull")
    await tell(db, clock, "poll")
    assert await ends(db) == {"poll": ["listed"]}
