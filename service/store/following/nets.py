"""The net that SQL casts for a change: it holds every subscription that may match, and more."""

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.match import Narrow
from service.store.following.tables import Filter, Subscription
from service.store.lists import one_of

EXPOSED_BLOCKS = 200
MOST_VALUES = 20_000  # bound in one statement; both engines refuse some 32,000


async def find_subscriptions(session: AsyncSession, net: Narrow, limit: int) -> list[str]:
    """Ids of the subscriptions that the net holds, some of them more than once; `limit` at most.

    To have each id once, SQLite would read all of a wide net before it gives the first.
    """
    connection = await session.connection()
    rows = await connection.execute(_union(_shape_of(net)), _values(net) | {"most": limit})
    return list(rows.scalars())


def is_caught(net: Narrow) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """Whether the net holds the subscription of a row, as a condition and its values."""
    of_row = col(Filter.subscription_id) == col(Subscription.id)
    return exists().where(of_row, or_(*_nets(_shape_of(net)))), _values(net)


class _Shape(NamedTuple):
    """What decides the form of the question; all else of a net are values in it."""

    is_track: bool
    has_origins: bool
    has_codes: bool
    blocks: int
    has_possible: bool


def _shape_of(net: Narrow) -> _Shape:
    values = len(net.blocks) * (len(net.importers) + len(net.origins or ()))
    is_wide = len(net.blocks) > EXPOSED_BLOCKS or values > MOST_VALUES
    has_codes = net.codes is not None and not is_wide
    return _Shape(
        is_track=net.layer == "track",
        has_origins=net.origins is not None,
        has_codes=has_codes,
        blocks=len(net.blocks) if has_codes else 0,
        has_possible=has_codes and net.possible_only,
    )


def _values(net: Narrow) -> dict[str, Any]:
    blocks = sorted(net.blocks) if _shape_of(net).has_codes else []
    return {
        "layer": net.layer,
        "subject": net.subject,
        "importers": sorted(net.importers),
        "origins": sorted(net.origins or ()),
        "codes": sorted(net.codes or ()),
        **{f"below_{place}": block for place, block in enumerate(blocks)},
        **{f"until_{place}": after_block(block) for place, block in enumerate(blocks)},
    }


@lru_cache(maxsize=512)
def _union(shape: _Shape) -> CompoundSelect[Any]:
    """Made once a shape: making it costs as much as asking."""
    wanted = (select(col(Filter.subscription_id)).where(one) for one in _nets(shape))
    return union_all(*wanted).limit(bindparam("most"))


def _nets(shape: _Shape) -> list[ColumnElement[bool]]:
    """One condition an index can serve, each; a row may satisfy several."""
    placed = _placed(shape)
    if shape.is_track:
        return [placed]
    is_named = col(Filter.subject) != literal_column("''")  # in the words of its partial index
    by_subject = and_(is_named, col(Filter.subject) == bindparam("subject"))
    if not shape.has_codes:
        return [by_subject, placed]
    coded: list[ColumnElement[bool]] = [_among("code", "codes")]
    coded += [
        and_(
            col(Filter.code) > bindparam(f"below_{place}"),
            col(Filter.code) < bindparam(f"until_{place}"),
        )
        for place in range(shape.blocks)
    ]
    if shape.has_possible:
        coded.append(col(Filter.possible) == true())
    return [by_subject, *(and_(placed, one) for one in coded)]


def _placed(shape: _Shape) -> ColumnElement[bool]:
    parts = [col(Filter.layer) == bindparam("layer"), _among("importer", "importers")]
    if shape.has_origins:
        parts.append(_among("origin", "origins"))
    return and_(*parts)


def _among(column: str, values: str) -> ColumnElement[bool]:
    return one_of(col(getattr(Filter, column)), values)


def after_block(block: str) -> str:
    """The first code past all descendants of `block`: plain digits sort alike in any collation."""
    following = str(int(block) + 1).zfill(len(block))
    return following if len(following) == len(block) else "Z"
