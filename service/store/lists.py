"""`The column is one of these`, in the words that each engine answers by an index.

A server takes the values as one array: one statement and one plan whatever their number, and no
limit at the 32,767 that it can bind. A file in this process wants them one by one: lists that may
be longer are asked for in runs.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    Select,
    and_,
    any_,
    bindparam,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

T = TypeVar("T")
RUN = 10_000


def runs(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them, as many at a time as every engine can bind."""
    for place in range(0, len(values), RUN):
        yield values[place : place + RUN]


class one_of(FunctionElement[bool]):  # noqa: N801 - it reads as the word of SQL that it is
    """The column is among the values that are bound to `values` when the statement is executed.

    Or among what a SELECT finds, which is then run once and first, whatever the planner thinks:
    so a LIMIT is kept, and the rows are fetched by their keys.
    """

    inherit_cache = True
    type = Boolean()
    name = "one_of"

    def __init__(self, column: Any, values: str | Select[Any]) -> None:
        named = bindparam(values) if isinstance(values, str) else values.scalar_subquery()
        super().__init__(column, named)

    def self_group(self, against: Any = None) -> "one_of":  # noqa: ARG002 - it is a condition
        """As it is: compared to a truth value, no index could serve it."""
        return self


@compiles(one_of)
def _one_by_one(element: one_of, compiler: Any, **words: Any) -> str:
    column, given = element.clauses
    is_named = isinstance(given, BindParameter)
    among: Any = bindparam(given.key, expanding=True) if is_named else given.element
    return str(compiler.process(column.in_(among), **words))


@compiles(one_of, "postgresql")
def _as_array(element: one_of, compiler: Any, **words: Any) -> str:
    column, given = element.clauses
    is_named = isinstance(given, BindParameter)
    array = as_array(str(given.key), column) if is_named else func.array(given)
    return str(compiler.process(column == any_(array), **words))


class one_of_rows(FunctionElement[bool]):  # noqa: N801 - as above
    """The columns together are one of the rows that `bind_rows` binds to `name`.

    A file in this process is asked for each column by itself, and gives a few rows beside.
    """

    inherit_cache = True
    type = Boolean()
    name = "one_of_rows"

    def __init__(self, columns: Sequence[Any], name: str) -> None:
        super().__init__(*columns, bindparam(name))

    def self_group(self, against: Any = None) -> "one_of_rows":  # noqa: ARG002 - as above
        """As it is."""
        return self


def bind_rows(name: str, rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """The values of each column, row by row for an engine that pairs them, and once each."""
    columns = list(zip(*rows, strict=True))
    paired = {f"{name}_{place}": list(column) for place, column in enumerate(columns)}
    return paired | {f"{name}_any_{place}": [*{*column}] for place, column in enumerate(columns)}


@compiles(one_of_rows)
def _column_by_column(element: one_of_rows, compiler: Any, **words: Any) -> str:
    *columns, given = element.clauses
    among = [
        column.in_(bindparam(f"{given.key}_any_{place}", expanding=True))
        for place, column in enumerate(columns)
    ]
    return str(compiler.process(and_(*among), **words))


@compiles(one_of_rows, "postgresql")
def _row_by_row(element: one_of_rows, compiler: Any, **words: Any) -> str:
    *columns, given = element.clauses
    arrays = [as_array(f"{given.key}_{place}", column) for place, column in enumerate(columns)]
    names = [column.name for column in columns]
    asked = func.unnest(*arrays).table_valued(*names).render_derived(name="asked")
    among = tuple_(*columns).in_(select(*asked.columns))
    return str(compiler.process(among, **words))


def as_array(name: str, column: Any) -> Any:
    """What is bound to `name`, as an array of what the column holds."""
    return bindparam(name, type_=ARRAY(column.type))
