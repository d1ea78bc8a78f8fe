"""What a log holds unread, wherever its reader stands."""

from collections import Counter
from datetime import timedelta

import pytest

from service.log import Position, Record, open_log
from service.move.tail import LARGEST, append_tail, count_present, find_unread
from tests.move.scenes import read_all

PLACE = ("tariffs", 0)


@pytest.fixture
async def target(tmp_path, clock):
    async with open_log(f"sqlite:///{tmp_path}/target.db", clock) as opened:
        yield opened


async def values(log):
    return [value for _, _, value, _ in await read_all(log)]


async def test_only_what_lies_behind_the_bookmark_goes(log, target):
    await log.append("tariffs", [Record("a", b"read"), Record("a", b"unread")])
    held = await find_unread(log, {PLACE: Position(log.id, 2)})
    assert await append_tail(log, held, target, Counter()) == 1
    assert await values(target) == [b"unread"]


async def test_what_an_earlier_attempt_appended_is_left_out_as_often_as_it_is_there(log, target):
    await log.append("tariffs", [Record("a", b"1"), Record("a", b"same"), Record("a", b"same")])
    await target.append("tariffs", [Record("a", b"1"), Record("a", b"same")])
    present = await count_present(target)
    assert await append_tail(log, {}, target, present) == 3
    assert await values(target) == [b"1", b"same", b"same"]


async def test_a_log_that_dropped_all_it_held_has_nothing_unread(log, target, clock):
    """As after an adoption: there is no bookmark, and nothing before the end."""
    await log.append("tariffs", [Record("a", b"old")] * 3)
    await log.retain(clock() + timedelta(days=1), {PLACE: 4})
    held = await find_unread(log, {})
    assert held == {PLACE: Position(log.id, 4)}
    assert await append_tail(log, held, target, Counter()) == 0


async def test_large_records_go_in_portions(log, target):
    large = [Record(str(one), bytes([one]) * (LARGEST // 2)) for one in range(5)]
    await log.append("negotiations", large)
    await append_tail(log, {}, target, Counter())
    assert await values(target) == [one.value for one in large]
