"""Products by their words: what a trader calls goods, found in the stiff words of the HS."""

from service.core.products.index import Found, Search, search_products
from service.core.products.tree import Product, children_of, parents_of, product_of

__all__ = [
    "Found",
    "Product",
    "Search",
    "children_of",
    "parents_of",
    "product_of",
    "search_products",
]
