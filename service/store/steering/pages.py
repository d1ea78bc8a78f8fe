"""Doing errands: the next page of one, and how far it has come, in one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.again.resending import recover_page
from service.store.steering.errands import Kind, Step, Task, note
from service.store.steering.halting import halt_page, resume_page
from service.store.steering.recalling import recall_page

Page = Callable[[AsyncSession, Task, datetime], Awaitable[Step]]
_PAGES: Mapping[Kind, Page] = {
    Kind.HALT: halt_page,
    Kind.RESUME: resume_page,
    Kind.RECALL: recall_page,
    Kind.RECOVER: recover_page,
}


async def do_page(session: AsyncSession, task: Task, now: datetime) -> Task:
    """The errand as it stands after its next page."""
    return await note(session, task, await _PAGES[task.kind](session, task, now), now)
