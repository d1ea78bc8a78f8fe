"""How a server would answer a question, were its tables large."""

from sqlalchemy import text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ClauseElement, Executable


class Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, wanted):
        self.wanted = wanted


@compiles(Explain)
def _explain(element, compiler, **words):
    return f"EXPLAIN {compiler.process(element.wanted, **words)}"


async def explain(db, wanted, **given):
    """Its plan as text; an index is used wherever one can serve."""
    async with db.write() as session:
        connection = await session.connection()
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = await connection.execute(Explain(wanted), given)
        return "\n".join(rows.scalars())
