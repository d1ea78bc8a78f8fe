"""Measures for the tests of the index and of what is kept of them."""

from datetime import timedelta

from service.core.rates import Question
from service.core.rates.reach import net_of
from tests.books import NOW
from tests.core.builders import measure

LATER = NOW + timedelta(days=1)


def codes(*include):
    return {"scope": "codes", "include": list(include)}


def one_of(number, code="8703.23", **fields):
    given = {"measure": f"m{number}", "rate": "10", "product": codes(code)} | fields
    return measure(f"e{number}", **given)


def net(code="870323"):
    return net_of(Question("US", "CN", code, "HTS", LATER, LATER))
