"""Books in which people have decided much still add up, and damage to that is found."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from service.core.sending.steering import Act
from service.dispatch.chores import Errands
from service.store.again.resending import resend
from service.store.delivery.tables import Alert, Delivery, Receipt
from service.store.steering.deeds import Doer
from service.store.steering.stops import say_word
from service.verify import Kind
from tests.books import NOW, silent
from tests.verify.test_verify import harm, look

LATER = NOW + timedelta(minutes=30)
DOER = Doer("kim", LATER, "a test")


@pytest.fixture(autouse=True)
async def _decided(db):
    """One change that was told is recalled, one that waits is halted; an alert is sent again."""
    async with db.read() as session:
        told = (await session.execute(_TOLD)).all()
        waiting = await session.scalar(_WAITING)
    recalled = told[0].change_id
    again = next(one.id for one in told if one.change_id != recalled)
    for change, act in ((recalled, Act.RECALL), (waiting, Act.HALT)):
        await db.run_write(lambda session, one=change, do=act: say_word(session, one, do, DOER))
    await db.run_write(lambda session: resend(session, again, DOER))
    errands = Errands(db, lambda: LATER, silent)
    while await errands.step():
        pass


_TOLD = select(Alert.id, Alert.change_id).join(Receipt, Receipt.delivery_id == Alert.id)
_OF_TOLD = select(Alert.change_id).join(Receipt, Receipt.delivery_id == Alert.id)
_WAITING = (
    select(Alert.change_id)
    .join(Delivery, Delivery.id == Alert.id)
    .where(Alert.change_id.not_in(_OF_TOLD))
    .limit(1)
)


async def test_books_full_of_decisions_add_up(db, log):
    found, books = await look(db, log)
    assert [str(one) for one in found] == []
    counted = {name: books.counted[name] for name in ("audit", "stops", "former")}
    assert counted == {"audit": 3, "stops": 2, "former": 1}
    assert books.counted["stopped"] > 0
    assert books.counted["corrections"] > 0


HALTED = "state = 'halted'"
DAMAGES = {
    "a word nobody can say": (
        f"UPDATE fanout SET state = 'paused' WHERE {HALTED}",
        "has the state 'paused', which nobody can say",
    ),
    "planned although halted": (
        f"UPDATE fanout SET is_open = true WHERE {HALTED}",
        "is being planned, although it is halted",
    ),
    "to go on for nobody": (
        "UPDATE fanout SET is_unfinished = true WHERE state = 'recalled'",
        "is to go on when it is let go, and nobody holds it back",
    ),
    "approved into nothing": (
        f"UPDATE fanout SET state = 'awaiting_approval' WHERE {HALTED}",
        "waits for approval, and would not go on after it",
    ),
    "sent although halted": (
        (
            "UPDATE fanout SET state = 'halted' WHERE change_id = (SELECT change_id FROM alert"
            " JOIN delivery ON delivery.id = alert.id WHERE alert.cause = '' LIMIT 1)"
        ),
        "is halted, and a delivery of it is on its way",
    ),
    "held for nobody": (
        f"UPDATE fanout SET state = '' WHERE {HALTED}",
        "is held for a halt, and its change is not stopped",
    ),
    "a correction of nothing": (
        "UPDATE fanout SET state = '' WHERE state = 'recalled'",
        "which was not recalled",
    ),
    "a correction of another": (
        "UPDATE alert SET cause = 'recall:x' WHERE cause <> ''",
        "has the cause recall:x, and is about change",
    ),
    "a former end of nothing": (
        "DELETE FROM alert WHERE id IN (SELECT delivery_id FROM former_receipt)",
        "former receipt of",
    ),
    "attempts counted anew": (
        ("UPDATE delivery SET attempt = 1 WHERE id IN (SELECT delivery_id FROM former_receipt)"),
        "counts 1 attempts, and its delivery has come to 0",
    ),
    "a deed lost": ("DELETE FROM audit WHERE number = 2", "deed 2 is missing"),
}


@pytest.mark.parametrize(("statement", "said"), DAMAGES.values(), ids=DAMAGES)
async def test_damage_is_found_and_explained(database_url, db, log, statement, said):
    await harm(database_url, statement)
    found, _ = await look(db, log)
    sentences = [str(one) for one in found if one.kind is Kind.WRONG]
    assert any(said in one for one in sentences), sentences


async def test_an_errand_that_nobody_does_is_overdue(database_url, db, log):
    await harm(database_url, "UPDATE errand SET due_at = begun_at WHERE kind = 'halt'")
    found, _ = await look(db, log)
    (overdue,) = [one for one in found if one.kind is Kind.OVERDUE]
    assert "does a process with the role plan run?" in str(overdue)
    assert str(overdue).startswith("the halt of change:")
