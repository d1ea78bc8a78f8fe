"""The rows of one database into another, page by page, and counted on both sides."""

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from service.crash import passing
from service.move.refusing import CannotMove
from service.store.database import Database
from service.store.installation.moved import NOTES
from service.store.installation.whole import (
    Row,
    count_rows,
    key_of,
    list_tables,
    read_page,
    wipe,
    write_page,
)

Tell = Callable[[str, int, int], None]
"""What is copied, how many of them are there, and how many there are."""


async def copy_rows(source: Database, target: Database, tell: Tell) -> Mapping[str, int]:
    """Empty the target and copy everything; the counts, which are the same on both sides."""
    async with target.migrating() as connection:
        await wipe(connection, NOTES)
    wanted = await source.run_read(count_rows)
    for table in list_tables():
        await _copy_table(source, target, table, partial(tell, table.name, wanted[table.name]))
    found = await target.run_read(count_rows)
    wrong = {name: (count, found[name]) for name, count in wanted.items() if found[name] != count}
    if wrong:
        said = ", ".join(
            f"{name}: {one} here, {other} there" for name, (one, other) in wrong.items()
        )
        raise CannotMove(f"the copy is not whole ({said}); nothing was moved: run it again")
    return wanted


async def _copy_table(
    source: Database, target: Database, table: Table, tell: Callable[[int], None]
) -> None:
    after, done = None, 0
    while True:
        rows = await source.run_read(partial(_read, table, after))
        tell(done + len(rows))
        if not rows:
            return
        await target.run_write(partial(_write, table, rows))
        passing("move.page")
        after, done = key_of(table, rows[-1]), done + len(rows)


async def _read(table: Table, after: list[object] | None, session: AsyncSession) -> list[Row]:
    return await read_page(session, table, after)


async def _write(table: Table, rows: list[Row], session: AsyncSession) -> None:
    await write_page(session, table, rows)
