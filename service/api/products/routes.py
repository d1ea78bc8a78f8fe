"""Products: found by words, and shown with their place in the HS and whom they concern."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import AtDesk
from service.api.problems import NotFound
from service.api.questions import refuse_parameter, send
from service.api.subscriptions.in_force import AtPresent
from service.core.codes import ProductCode, UnknownProduct, find_product, format_product
from service.core.codes.harmonized import suggest_products
from service.core.event import Fault
from service.core.match.subscription import Lane, ProductLane, Rule
from service.core.match.touching import touches
from service.core.products import Product, children_of, parents_of, product_of, search_products
from service.core.products.tree import EDITION
from service.store.following.accounts import DEFAULT
from service.store.following.touching import list_near
from service.store.spans import Span

SHOWN = 50
LOOKED_AT = 1_000

router = APIRouter(prefix="/v1/products", tags=["products"])
Of = Annotated[
    str | None, Query(description="Whose list 8 and 10 digits are of: HTS, CN, TARIC, JP-TARIFF …")
]


@router.get("", summary="Find products by words")
async def search(
    q: Annotated[
        str, Query(min_length=1, max_length=200, description="Words, or digits that a code begins.")
    ],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """The HS codes that they mean, the likeliest first: where to look, not a classification.

    Plurals, everyday words and slips of the pen are understood; `read_as` says which word was
    taken for another. Where nothing is found, `nearest` are codes close to what was asked.
    """
    found = await asyncio.to_thread(search_products, q, limit)  # its index takes a while, once
    items = [_show(one.product) | {"score": one.score} for one in found.found]
    nearest = [] if items else [{"code": code, "name": name} for code, name in suggest_products(q)]
    return send({"items": items, "read_as": dict(found.read_as), "nearest": nearest})


@router.get("/{code}", summary="Show a product")
async def read(desk: AtDesk, present: AtPresent, code: str, nomenclature: Of = None) -> Response:
    """What it is, what is above and below it, and what concerns it.

    `subscriptions` are those of yours that name it, a code above it or one below; those that
    follow all goods of a country are not counted. `in_force_now` are measures on it, those on all
    goods too. Dots are no matter; a code that does not exist is answered with the nearest.
    """
    found = _understand(code, nomenclature)
    rule = Rule(lanes=(Lane(product=ProductLane(codes=(str(found),))),))
    async with desk.db.read() as session:
        followed = await _find_followers(session, found)
    shown = _show(product_of(found.digits)) | {
        "nomenclature": found.nomenclature,
        "edition": EDITION,
        "parents": [_show(one) for one in parents_of(found.digits)],
        "children": [_show(one) for one in children_of(found.digits)],
        "subscriptions": followed,
        "in_force_now": await present.find(rule),
    }
    return send(shown)


def _understand(code: str, nomenclature: str | None) -> ProductCode:
    try:
        return find_product(code, nomenclature)
    except UnknownProduct as error:
        if nomenclature and error.given == nomenclature:
            refuse_parameter("nomenclature", str(error))
        raise NotFound(str(error), [Fault("path", str(error))]) from error


def _show(product: Product) -> dict[str, str]:
    return {
        "code": product.code,
        "said": format_product(product.code),
        "level": product.level,
        "description": product.description,
    }


async def _find_followers(session: AsyncSession, code: ProductCode) -> dict[str, Any]:
    near = await list_near(session, DEFAULT, code.digits, Span(None, LOOKED_AT + 1))
    found = [one for one in near[:LOOKED_AT] if touches(one.rule, code.digits, code.nomenclature)]
    items = [{"id": one.id, "name": one.name, "state": one.state} for one in found[:SHOWN]]
    complete = len(near) <= LOOKED_AT and len(found) <= SHOWN
    return {"count": len(found), "complete": complete, "items": items}
