"""Which goods of their catalogues a change concerns, looked up once for all that are alike."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.match import Match
from service.core.message.concerned import NAMED, Concern
from service.store.following.candidates import Candidate
from service.store.products.catalogues import catalogue_id, find_concerned

Matched = tuple[Candidate, Match]
Key = tuple[str, str, tuple[str, ...]]
"""Account, catalogue, and its codes that are concerned."""
Concerns = Mapping[Key, Concern]


def key_of(one: Candidate, answer: Match) -> Key:
    """Equal for all that are concerned alike; of an answer without a catalogue nobody's."""
    return one.account_id, answer.catalogue or "", answer.stock


async def find_concerns(session: AsyncSession, matched: Sequence[Matched]) -> Concerns:
    """Goods by SKU and name as the catalogues hold them now; most answers ask for none."""
    wanted = {key_of(*pair) for pair in matched if pair[1].catalogue}
    found = {}
    for account, catalogue, codes in sorted(wanted):
        identity = catalogue_id(account, catalogue)
        count, goods = await find_concerned(session, identity, codes, NAMED)
        named = tuple((good.sku, good.name, good.code) for good in goods)
        found[account, catalogue, codes] = Concern(catalogue, count, named)
    return found
