"""To whom one may write: everybody, nobody, or a few."""

import pytest

from service.dispatch.mode import LIVE, read_mode, why_withheld
from service.dispatch.trial import send_trial
from service.store.delivery.sending import SENDING, hold_sending, release_sending
from service.store.delivery.tables import Attempt, Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from tests.books import NOW, add_receiver, count, rows
from tests.dispatch.office import HEAD, follow, send_all
from tests.receivers import Answer, http_receiver

HELD = read_mode("held")


@pytest.mark.parametrize(
    ("text", "address", "lets"),
    [
        ("live", "ops@example.org", True),
        ("held", "ops@example.org", False),
        ("allow:*@example.org", "ops@example.org", True),
        ("allow:*@Example.ORG", "OPS@example.org", True),
        ("allow:*@example.org", "ops@example.org.evil.net", False),
        ("allow:*@example.org", "https://hooks.example.org/in", False),
        ("allow:https://hooks.example.org/*", "https://hooks.example.org/in?team=7", True),
        ("allow:https://hooks.example.org/*", "http://hooks.example.org/in", False),
        ("allow:https://hooks.example.org*", "https://hooks.example.org/in", True),
        ("allow:https://*.example.org/*", "https://a.example.org/in", True),
        ("allow:https://*.example.org/*", "https://evil.net/a.example.org/in", False),
        ("allow:https://*.example.org/*", "https://evil.net?a.example.org/in", False),
        ("allow:*@example.org", "https://evil.net/?to=ops@example.org", False),
        ("allow:*", "https://evil.net/", True),
        ("allow:a@x.org|b@x.org", "b@x.org", True),
        ("allow:a@x.org b@x.org", "a@x.org", True),
        ("allow: a@x.org |  b@x.org", "b@x.org", True),
        ("allow:a@x.org|b@x.org", "c@x.org", False),
        ("allow:*", "anyone@example.org", True),
        ("allow:|", "ops@example.org", False),
        ("life", "ops@example.org", False),
    ],
)
def test_a_mode_lets_through_what_it_says(text, address, lets):
    assert read_mode(text).lets(address) is lets


async def hold(db, reason="restored"):
    await db.run_write(lambda session: hold_sending(session, reason, NOW))


async def release(db):
    return await db.run_write(lambda session: release_sending(session, NOW))


async def test_while_a_setting_holds_it_nothing_is_claimed(db, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert(2)
        await send_all(dispatch(mode=HELD))
        assert await rows(db, Delivery, "lease", "attempt") == [(None, 1)] * 2
        await send_all(dispatch(mode=LIVE))
    assert len(receiver.requests) == 2


async def test_a_hold_stops_the_next_claim_and_settles_what_is_in_the_air(db, alert, dispatch):
    async with http_receiver(answer=Answer(delay=0.1)) as receiver:
        await follow(db, "desk", receiver)
        await alert(3)
        dispatcher = dispatch(slots=1)
        await dispatcher.turn()
        await hold(db)
        await dispatcher.drain()
        await send_all(dispatcher)
        assert await rows(db, Receipt, "outcome") == [("delivered",)]
        assert len(receiver.requests) == 1
        assert await release(db) == 2
        await send_all(dispatcher)
    assert len(receiver.requests) == 3
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)] * 3


async def test_what_is_not_allowed_is_set_aside_without_an_attempt(db, alert, dispatch):
    async with http_receiver() as good, http_receiver() as other:
        await follow(db, "good", good)
        await follow(db, "other", other)
        await alert(3)
        await send_all(dispatch(slots=1, mode=read_mode(f"allow:{good.url}*")))
        assert (len(good.requests), len(other.requests)) == (3, 0)
        assert await count(db, Attempt) == 3
        held = await rows(db, Held, "owner_id", "destination_id", "attempt")
        assert held == [(SENDING, "other", 1)] * 3
        assert await count(db, Delivery) == 0
        assert await release(db) == 3
        await send_all(dispatch("live"))
    assert len(other.requests) == 3


async def test_a_retry_that_is_set_aside_keeps_its_attempts_and_its_bytes(
    db, alert, dispatch, clock
):
    async with http_receiver(Answer(status=500)) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        clock.advance(hours=1)
        await send_all(dispatch("strict", mode=read_mode("allow:nobody@example.org")))
        assert await rows(db, Held, "attempt") == [(2,)]
        await release(db)
        await send_all(dispatch("live"))
    first, second = receiver.requests
    assert first.body == second.body
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 2)]


async def test_why_something_is_withheld_is_said(db):
    address = "https://desk.example/hook"
    assert await why_withheld(db, LIVE, address) is None
    assert "TARIFFWIRE_SEND=held" in await why_withheld(db, HELD, address)
    only = read_mode("allow:*@example.org")
    assert await why_withheld(db, only, "ops@example.org") is None
    assert address in await why_withheld(db, only, address)
    await hold(db, "an audit")
    assert "an audit" in await why_withheld(db, only, "ops@example.org")


async def test_a_trial_that_is_withheld_is_not_sent_and_says_why(db, webhooks):
    async with http_receiver() as receiver:
        await add_receiver(db, "desk", receiver.url)
        async with db.read() as session:
            desk = await find_destination(session, DEFAULT, "desk")
        withheld = await why_withheld(db, HELD, desk.address)
        reply = await send_trial(desk, {"webhook": webhooks}, HEAD, NOW, withheld)
    assert receiver.requests == []
    assert (reply.accepted, reply.ours, reply.status) == (False, True, None)
    assert reply.reason == f"not sent: {withheld}"
