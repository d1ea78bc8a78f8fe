"""Silence is said to be one, and only where that is known."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from service.core.sending.steering import Word
from service.log import Record
from service.runtime.owners import send_heartbeats
from service.store.notices.beats import GRACE
from service.store.notices.tables import Beat, Notice
from service.store.plans.tables import Fanout
from tests.books import count, rows, subscribe, write
from tests.core.builders import measure
from tests.receivers import http_receiver
from tests.runtime.house import told

DAILY = {"heartbeat": "day", "timezone": "Europe/Berlin"}


def data_of(receiver):
    return [data for _, data in told(receiver)]


async def days(house, *hours):
    """Move on by so many hours each, and look as the clock does."""
    for one in hours:
        house.clock.advance(hours=one)
        await house.beat()


async def test_where_nothing_was_sent_that_is_said_at_its_hour_and_once(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        await days(house, 8.9)  # 06:54 in Berlin
        assert hook.requests == []
        await days(house, 0.2, 0, 1, 10)
        assert len(hook.requests) == 1
        await days(house, 13)
        assert len(hook.requests) == 2
    first, second = data_of(hook)
    assert first["summary"] == "Nothing changed in your 1 lane since 9 Apr 2025 22:00 Berlin."
    assert (first["lanes"], first["last_event_at"], first["behind"]) == (1, None, 0)
    assert second["since"] == "2025-04-10T05:06:00+00:00"


async def test_where_something_was_sent_nothing_is_said(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        await house.alert()
        await house.send()
        await days(house, 10)
        assert told(hook) == []
        await days(house, 24)
        (data,) = data_of(hook)
    assert data["last_event_at"] is not None
    assert data["since"] == "2025-04-10T06:00:00+00:00"


async def test_all_lanes_of_all_subscriptions_in_force_are_counted(house):
    async with http_receiver() as hook:
        name = await house.follow(hook, preferences=DAILY)
        lanes = [{"importer": "US"}, {"importer": "EU"}, {"importer": "JP"}]
        await subscribe(house.db, "three", [name], *lanes)
        await subscribe(house.db, "paused", [name], state="paused")
        await days(house, 10)
        (data,) = data_of(hook)
    assert data["lanes"] == 4


async def test_a_weekly_one_comes_on_its_day(house):
    weekly = {"heartbeat": "week", "digest": {"every": "week", "at": "06:00", "on": "friday"}}
    async with http_receiver() as hook:
        await house.follow(hook, preferences=weekly)
        await days(house, 24)
        assert hook.requests == []
        await days(house, 11, 24, 24)
        assert len(hook.requests) == 1


async def test_a_mail_has_the_doors_that_every_mail_has(house):
    await house.follow(email="ops@example.org", preferences=DAILY)
    await days(house, 10)
    (mail,) = house.relay.mails
    message = message_from_bytes(mail.content, policy=policy.default)
    assert message["Subject"] == "Nothing changed in your 1 lane since 9 Apr 2025 22:00 Berlin"
    assert message["List-Unsubscribe"].startswith("<http://")
    text = message.get_body(("plain",)).get_content()
    assert "Unsubscribe: http://" in text
    assert "--heartbeat off" in text


async def test_what_is_not_read_yet_is_waited_for_and_then_said(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        value = write(measure("late")).value
        await house.runtime.log.append("tariffs", [Record(None, value, ())])
        await days(house, 9)
        assert hook.requests == []
        await days(house, GRACE / timedelta(hours=1))
        (data,) = data_of(hook)
    assert data["behind"] >= 1
    assert "Nothing changed" not in data["summary"]
    assert "events came in that are not worked up yet" in data["summary"]


async def test_what_is_read_in_time_is_no_doubt(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        value = write(measure("late")).value
        await house.runtime.log.append("tariffs", [Record(None, value, ())])
        await days(house, 9)
        await house.alert()
        await house.send()
        await days(house, 0.1)
        assert told(hook) == []


async def test_a_change_that_is_stopped_is_no_silence(house):
    async with http_receiver() as other, http_receiver() as hook:
        await house.follow(other)
        await house.alert()
        await house.send()
        async with house.db.write() as session:
            await session.execute(update(Fanout).values(state=Word.HALTED.value))
        await house.follow(hook, preferences=DAILY)
        await days(house, 10)
        (data,) = data_of(hook)
    assert data["stopped"] == 1
    assert "Nothing changed" not in data["summary"]


async def test_what_was_muted_is_said_and_not_denied(house):
    async with http_receiver() as hook:
        name = await house.follow(hook, preferences=DAILY)
        await house.alert()
        await house.send()
        await days(house, 10)
        (one,) = (await house.get("/v1/changes"))["items"]
        until = (house.clock() + timedelta(days=9)).isoformat()
        mute = {
            "subject": one["subject"],
            "destination": name,
            "until": until,
            "except_critical": False,
        }
        answer = await house.api.post("/v1/mutes", json=mute)
        assert answer.status_code == 201, answer.text
        await house.alert()
        await house.send()
        await days(house, 24)
        (data,) = data_of(hook)
    assert data["muted"] == 1
    assert "1 alert was kept quiet" in data["summary"]


async def test_clocks_at_once_tell_it_once(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        house.clock.advance(hours=10)
        await asyncio.gather(*(send_heartbeats(house.runtime) for _ in range(6)))
        await house.send()
        assert len(hook.requests) == 1


async def test_a_process_that_was_away_for_days_says_it_once(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        await days(house, 24 * 5, 1, 1)
        (data,) = data_of(hook)
    assert data["since"] == "2025-04-09T20:00:00+00:00"


async def test_a_clock_that_was_ahead_does_not_silence_it_for_long(house):
    async with http_receiver() as hook:
        await house.follow(hook, preferences=DAILY)
        await days(house, 24 * 400)
        assert len(hook.requests) == 1
        house.set_back(hours=24 * 400)
        await days(house, 1, 10)  # that day has had one
        await days(house, 24)
        assert len(hook.requests) == 2
    (row,) = await rows(house.db, Beat, "due_at")
    assert row[0] - house.clock() < timedelta(days=1)


async def test_who_is_paused_is_told_nothing_and_later_on_all_of_it(house):
    async with http_receiver() as hook:
        name = await house.follow(hook, preferences=DAILY)
        await house.patch(name, state="paused")
        await days(house, 24, 24)
        await house.patch(name, state="active")
        await days(house, 24)
        (data,) = data_of(hook)
    assert data["since"] == "2025-04-09T20:00:00+00:00"


async def test_it_is_turned_off_and_on_by_its_owner(house):
    async with http_receiver() as hook:
        name = await house.follow(hook, preferences=DAILY)
        await house.patch(name, preferences={"heartbeat": None})
        assert await count(house.db, Beat) == 0
        await days(house, 24)
        assert hook.requests == []
        await house.patch(name, preferences={"heartbeat": "day"})
        before = await rows(house.db, Beat)
        await house.patch(name, name="another")
        assert await rows(house.db, Beat) == before
        await days(house, 24)
        assert len(hook.requests) == 1
        await house.api.delete(f"/v1/destinations/{name}", params={"force": "true"})
        assert await count(house.db, Beat) == 0


async def test_to_who_asks_it_is_listed(house):
    name = await house.follow(pull=True, preferences=DAILY)
    await days(house, 10)
    (one,) = (await house.get(f"/v1/destinations/{name}/alerts"))["items"]
    assert json.loads(one["body"])["type"] == "tariffwire.heartbeat"


async def test_nobody_gets_one_who_did_not_ask(house):
    async with http_receiver() as hook:
        await house.follow(hook)
        await days(house, 24, 24)
        assert hook.requests == []
    assert await count(house.db, Notice) == 0


@pytest.mark.parametrize(
    ("zone", "month", "day"),
    [("Europe/Berlin", 10, 24), ("Europe/Berlin", 3, 28), ("America/New_York", 10, 31)],
)
async def test_one_a_day_also_when_clocks_are_changed(house, zone, month, day):
    house.clock.now = datetime(2025, month, day, 20, tzinfo=UTC)
    async with http_receiver() as hook:
        await house.follow(hook, preferences={"heartbeat": "day", "timezone": zone})
        await days(house, *[1] * 24 * 4)
        local = [
            datetime.fromisoformat(data["since"]).astimezone(ZoneInfo(zone)).hour
            for data in data_of(hook)
        ]
    assert local[1:] == [7, 7, 7]
