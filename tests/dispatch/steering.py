"""What people decide, as the API does it, for all tests of what follows."""

from service.core.change import read_change
from service.dispatch.chores import Errands
from service.store.again.replaying import replay
from service.store.again.resending import resend
from service.store.delivery.tables import Alert
from service.store.following.accounts import DEFAULT
from service.store.standings.tables import Change
from service.store.steering.deeds import Doer
from service.store.steering.errands import Kind, Task, name_destination
from service.store.steering.stops import say_word
from tests.books import NOW, rows, silent


async def change_of(db, number=1):
    """The change with this number."""
    ((body,),) = await rows_where(db, Change, number)
    return read_change(body)


async def rows_where(db, table, number):
    found = await rows(db, table, "number", "body")
    return [(body,) for one, body in found if one == number]


async def say(db, clock, act, number=1, reason="a mistake"):
    """Decide on a change, and do the first page."""
    change = await change_of(db, number)

    async def work(session):
        return await say_word(session, change.id, act, Doer("kim", clock(), reason))

    return await db.run_write(work)


async def run_errands(db, clock):
    """Until none is due; how many pages that were."""
    errands, pages = Errands(db, clock, silent), 0
    while await errands.step():
        pages += 1
    return pages


def recovery(clock, since=NOW):
    """Of all that failed at `desk`."""
    return Task(
        object=name_destination("desk"),
        kind=Kind.RECOVER,
        who="kim",
        since=since,
        begun_at=clock(),
        due_at=clock(),
    )


async def again(db, clock, alert_id, reason="please"):
    async def work(session):
        return await resend(session, alert_id, Doer("kim", clock(), reason))

    return await db.run_write(work)


async def tell(db, clock, destination, number=1, reason="they asked"):
    change = await change_of(db, number)

    async def work(session):
        return await replay(session, change, DEFAULT, destination, Doer("kim", clock(), reason))

    return await db.run_write(work)


async def alerts(db, *columns):
    """In their order."""
    return await rows(db, Alert, *columns, order="number")
