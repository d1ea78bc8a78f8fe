"""What is old enough goes, page by page; what still has something to do stays."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from service.store import pruning
from service.store.arrivals.tables import Quarantine
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt
from service.store.facets.keeping import keep_outlines
from service.store.facets.tables import ChangeFacet, ChangeOutline
from service.store.notices.tables import Notice
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change
from service.store.steering.tables import Audit, Errand, FormerReceipt, Mute
from tests.books import NOW, count, rows
from tests.core.match.match_oracle import change_of, measure
from tests.store.plans import explain

OLD, YOUNG = NOW - timedelta(days=2), NOW
BEFORE = NOW - timedelta(days=1)


def change(number, at=OLD):
    made = {"subject": "s", "sequence": number, "kind": "k", "severity": "s", "certainty": "c"}
    return made | {
        "id": UUID(int=number),
        "number": number,
        "mode": "live",
        "recorded_at": at,
        "body": b"{}",
    }


def alert(number, of=1, at=OLD):
    made = {"account_id": "a", "destination_id": "d", "subject": "s", "matched": b"[]"}
    return made | {
        "id": UUID(int=1000 + number),
        "number": number,
        "change_id": UUID(int=of),
        "created_at": at,
    }


def attempt(number, at=OLD, **given):
    made = {"number": 1, "outcome": "delivered", "reason": "", "timings": '{"total":1}'}
    full = made | {"peer": "", "seconds": 1, "response": b"thanks"}
    full |= {"request": "{}", "answered": "[]"} | given
    return full | {"delivery_id": UUID(int=1000 + number), "at": at}


def receipt(number, at=OLD):
    made = {"outcome": "delivered", "reason": "", "attempts": 1, "sha256": ""}
    return made | {"delivery_id": UUID(int=1000 + number), "finished_at": at}


async def enter(db, table, *made):
    async with db.write() as session:
        await session.execute(insert(table), list(made))


async def run(db, prune, limit=pruning.PAGE):
    return await db.run_write(lambda session: prune(session, BEFORE, limit))


async def tell(db, *numbers):
    """Alerts that were delivered long ago, all of change 1."""
    await enter(db, Alert, *map(alert, numbers))
    await enter(db, Attempt, *map(attempt, numbers))
    await enter(db, Receipt, *map(receipt, numbers))


@pytest.fixture(autouse=True)
async def _one_change(db):
    await enter(db, Change, change(1))
    await enter(db, Fanout, {"change_id": UUID(int=1), "number": 1, "cursor": "", "is_open": False})


async def test_old_alerts_go_with_their_attempts_and_receipts_and_then_their_change(db):
    await tell(db, 1, 2, 3)
    await enter(db, Alert, alert(4, at=YOUNG))
    assert await run(db, pruning.prune_changes) == 0
    assert await run(db, pruning.prune_alerts) == 3
    assert await rows(db, Alert, "number") == [(4,)]
    assert await rows(db, Attempt) == await rows(db, Receipt) == []
    assert await run(db, pruning.prune_changes) == 0
    async with db.write() as session:
        await session.execute(update(Alert).values(created_at=OLD))
    assert await run(db, pruning.prune_alerts) == 1
    assert await run(db, pruning.prune_changes) == 1
    assert await rows(db, Change) == await rows(db, Fanout) == []


async def test_what_is_on_its_way_or_held_or_ended_lately_stays(db):
    await tell(db, 1, 2, 3)
    await enter(
        db, Delivery, {"id": UUID(int=1001), "destination_id": "d", "visible_at": OLD, "attempt": 1}
    )
    held = {"destination_id": "d", "attempt": 1, "held_at": OLD, "owner_id": "d"}
    await enter(db, Held, held | {"delivery_id": UUID(int=1002)})
    await enter(db, Alert, alert(4))
    await enter(db, Receipt, receipt(4, at=YOUNG))
    assert await run(db, pruning.prune_alerts) == 1
    assert await rows(db, Alert, "number") == [(1,), (2,), (4,)]


async def test_a_change_that_is_still_planned_stays_with_its_alerts(db):
    await tell(db, 1)
    async with db.write() as session:
        await session.execute(update(Fanout).values(is_open=True))
    assert await run(db, pruning.prune_alerts) == 0
    assert await run(db, pruning.prune_changes) == 0
    await enter(db, Change, change(2))
    assert await run(db, pruning.prune_changes) == 1  # nobody was to be told of it
    assert await rows(db, Change, "number") == [(1,)]


async def test_with_a_change_goes_what_a_preview_finds_it_by(db):
    french = {"kind": "country", "members": ["FR"]}
    known = [change_of(measure()), change_of(measure(origin=french))]
    await enter(db, Change, change(2), change(3, at=YOUNG))
    await db.run_write(lambda session: keep_outlines(session, [*enumerate(known, start=2)]))
    assert len(await rows(db, ChangeFacet)) == 7
    assert await run(db, pruning.prune_changes) == 2
    assert await rows(db, ChangeOutline, "number") == [(3,)]
    words = await rows(db, ChangeFacet, "word", "number")
    assert words == [("c:*", 3), ("i:US", 3), ("o:EU", 3), ("o:FR", 3)]


async def test_pages_are_as_long_as_asked_and_go_on_past_what_stays(db):
    await tell(db, *range(1, 8))
    await enter(
        db, Delivery, {"id": UUID(int=1001), "destination_id": "d", "visible_at": OLD, "attempt": 1}
    )
    assert [await run(db, pruning.prune_alerts, 3) for _ in range(3)] == [3, 3, 0]
    assert await rows(db, Alert, "number") == [(1,)]


async def test_what_receivers_answered_goes_sooner_than_that_they_did(db):
    await tell(db, 1, 2)
    await enter(
        db, Attempt, attempt(3, at=YOUNG), attempt(4, timings="{}"), attempt(5, response=b"")
    )
    assert [await run(db, pruning.empty_attempts, 3) for _ in range(3)] == [3, 1, 0]
    kept = await rows(db, Attempt, "outcome", "timings", "response", "request", "answered")
    assert kept.count(("delivered", "{}", b"", "", "")) == 4
    assert kept.count(("delivered", '{"total":1}', b"thanks", "{}", "[]")) == 1


@pytest.mark.parametrize(
    ("state", "at", "gone"),
    [
        ("open", OLD, 0),
        ("replayed", OLD, 1),
        ("dismissed", OLD, 1),
        ("dismissed", YOUNG, 0),
    ],
)
async def test_a_quarantined_input_goes_once_somebody_has_decided(db, state, at, gone):
    made = {"id": "q", "topic": "t", "partition": 0, "position": 1, "reason": "", "value": b""}
    await enter(db, Quarantine, made | {"state": state, "at": at, "headers": "[]"})
    assert await run(db, pruning.prune_quarantined) == gone
    assert await count(db, Quarantine) == 1 - gone


async def test_decisions_go_with_what_they_were_about(db):
    await tell(db, 1)
    former = {"outcome": "failed", "reason": "", "attempts": 1, "finished_at": OLD, "sha256": ""}
    await enter(db, FormerReceipt, former | {"delivery_id": UUID(int=1001), "number": 1})
    deed = {"who": "kim", "action": "halt", "object": "change:1", "detail": "{}"}
    await enter(db, Audit, *(deed | {"number": one, "at": OLD} for one in (1, 2, 3)))
    await enter(db, Audit, deed | {"number": 4, "at": YOUNG})
    errand = {"kind": "halt", "who": "kim", "reason": "", "cursor": 0, "done": 0, "aloft": 0}
    errand |= {"waiting": 0, "begun_at": OLD}
    await enter(db, Errand, errand | {"object": "over", "due_at": None})
    await enter(db, Errand, errand | {"object": "at work", "due_at": OLD})
    mute = {"account_id": "a", "destination_id": "", "subject": "s", "note": "", "who": "kim"}
    mute |= {"created_at": OLD, "except_critical": True}
    await enter(db, Mute, *(mute | {"id": str(at), "until": at} for at in (OLD, YOUNG)))
    assert await run(db, pruning.prune_alerts) == 1
    assert await count(db, FormerReceipt) == 0
    assert [await run(db, pruning.prune_deeds, 2) for _ in range(3)] == [2, 1, 0]
    assert await rows(db, Audit, "number") == [(4,)]
    assert await rows(db, Errand, "object") == [("at work",)]
    assert await rows(db, Mute, "until") == [(YOUNG,)]


async def test_a_notice_goes_after_the_alert_that_told_it(db):
    told, waiting, young = (
        {"id": UUID(int=number), "kind": "failing", "body": "{}", "at": at}
        for number, at in ((2, OLD), (3, OLD), (4, YOUNG))
    )
    await enter(db, Notice, told, waiting, young)
    await enter(db, Alert, alert(1, of=2), alert(2, of=3))
    await enter(db, Receipt, receipt(1))
    held = {"destination_id": "d", "attempt": 1, "held_at": OLD, "owner_id": "d"}
    await enter(db, Held, held | {"delivery_id": UUID(int=1002)})
    assert await run(db, pruning.prune_notices) == 0
    assert await run(db, pruning.prune_alerts) == 1
    assert await run(db, pruning.prune_notices) == 1
    assert await rows(db, Notice, "id") == [(UUID(int=3),), (UUID(int=4),)]


async def test_a_change_that_waits_for_a_person_stays(db):
    async with db.write() as session:
        await session.execute(update(Fanout).values(is_unfinished=True, state="halted"))
    assert await run(db, pruning.prune_changes) == 0


async def test_no_page_reads_a_whole_table(server):
    """Each is found by an index, in the order of age."""
    for wanted, index in (
        (pruning._OLD_ALERTS, "ix_alert_created"),
        (pruning._OLD_CHANGES, "ix_change_recorded"),
        (select(Attempt.number).where(pruning._IS_FULL, Attempt.at < BEFORE), "ix_attempt_full"),
        (
            select(Quarantine.id).where(pruning._IS_SETTLED, Quarantine.at < BEFORE),
            "ix_quarantine_settled",
        ),
    ):
        assert index in await explain(server, wanted, before=BEFORE, most=10)
