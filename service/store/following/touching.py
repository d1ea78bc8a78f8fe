"""Which subscriptions name goods near a code: SQL narrows, the rule itself decides."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event.fields import LONGEST_COMMON
from service.core.match.net import PREFIXES
from service.core.match.subscription import Rule
from service.store.following.nets import after_block
from service.store.following.tables import Filter, Subscription
from service.store.lists import one_of
from service.store.spans import Span


@dataclass(frozen=True, slots=True)
class Near:
    """A subscription with a lane on goods that share digits with the code."""

    id: str
    name: str
    state: str
    rule: Rule


async def list_near(session: AsyncSession, account_id: str, digits: str, span: Span) -> list[Near]:
    """In the order of their ids: with the code, what is above it, or what is below it."""
    block = digits[:LONGEST_COMMON]
    asked: dict[str, Any] = {
        "account": account_id,
        "codes": [digits, *(digits[:size] for size in PREFIXES if size < len(digits))],
        "below": block,
        "until": after_block(block),
    }
    rows = await session.execute(span.of(_NEAR, col(Subscription.id)), asked)
    return [Near(row.id, row.name, row.state, Rule.model_validate_json(row.rule)) for row in rows]


_IS_CODED = col(Filter.code) != literal_column("''")  # in the words of its partial index
_SHARING = select(col(Filter.subscription_id)).where(
    _IS_CODED,
    or_(
        one_of(col(Filter.code), "codes"),
        and_(col(Filter.code) > bindparam("below"), col(Filter.code) < bindparam("until")),
    ),
)
_NEAR = select(
    col(Subscription.id), col(Subscription.name), col(Subscription.state), col(Subscription.rule)
).where(col(Subscription.account_id) == bindparam("account"), col(Subscription.id).in_(_SHARING))
