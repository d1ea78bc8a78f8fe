"""Rules as they are matched: with what catalogues hold now, and with what follows their codes.

A rule is stored as its owner wrote it, and beside that with these codes: whoever changes a
catalogue, loads a correlation or decides, writes the rules that it concerns again, at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.catalogue.filling import catalogues_of, fill
from service.core.correlation import Word, chain, find_over, without_heirs
from service.core.match.subscription import MAX_FILTERS, Rule, explode
from service.store.following import subscriptions
from service.store.products.catalogues import read_shelves
from service.store.products.deciding import decide, read_decided


class NoCatalogue(LookupError):
    """There is no catalogue of this name: upload it first."""


class TooManyRows(ValueError):
    """These lanes need more index rows than a subscription may have."""


async def stock(
    session: AsyncSession, account_id: str, rule: Rule, subscription_id: str | None = None
) -> Rule:
    """As it is matched from now on. Raises `NoCatalogue`, `Misfit` or `TooManyRows`.

    `subscription_id`: whose decisions on codes that changed hold for it.
    """
    names = catalogues_of(rule)
    shelves = await read_shelves(session, account_id, names)
    if missing := sorted(names - shelves.keys()):
        raise NoCatalogue(f"there is no catalogue {missing[0]!r}: upload it first")
    stocked = fill(rule, shelves)
    if subscription_id:
        await subscriptions.lock_subscription(session, subscription_id)
        stocked = await _with_heirs(session, stocked, subscription_id)
    if len(explode(stocked)) > MAX_FILTERS:
        said = f"these lanes need more than {MAX_FILTERS:,} index rows: write several subscriptions"
        raise TooManyRows(said)
    return stocked


async def _with_heirs(session: AsyncSession, rule: Rule, subscription_id: str) -> Rule:
    return chain(rule, await read_decided(session, subscription_id))[0]


async def restock(session: AsyncSession, account_id: str, ids: Sequence[str], now: datetime) -> int:
    """Write these subscriptions again, in the order of their ids; how many have changed."""
    changed = 0
    for identity in sorted(ids):
        changed += await _restock(session, account_id, identity, now)
    return changed


async def _restock(session: AsyncSession, account_id: str, identity: str, now: datetime) -> bool:
    """Catalogues are locked before subscriptions, whoever locks both: so it is read twice."""
    seen = await subscriptions.find_subscription(session, account_id, identity)
    if seen is None:
        return False
    rule = await stock(session, account_id, seen.rule, identity)
    held = await subscriptions.find_subscription(session, account_id, identity)
    if held is None:
        return False
    if held != seen:
        rule = await stock(session, account_id, held.rule, identity)
    if rule == held.rule:
        return False
    await subscriptions.change_subscription(session, replace(held, rule=rule))
    await mark_mended(session, identity, held.rule, rule, now)
    return True


async def mark_mended(
    session: AsyncSession, subscription_id: str, before: Rule, rule: Rule, now: datetime
) -> None:
    """Who has written other codes has decided: what no longer concerns the rule is over.

    A decision writes the rule again too, but no other codes: it can be taken back.
    """
    if without_heirs(before) == without_heirs(rule):
        return
    over = find_over(rule, await read_decided(session, subscription_id))
    if over:
        await decide(session, subscription_id, over, Word.MENDED, now)
