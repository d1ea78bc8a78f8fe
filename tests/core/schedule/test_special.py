"""Who may claim which rate."""

import pytest

from service.core.schedule.special import split_special


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("", []),
        ("Free (A+,AU,S)", [("Free", ("A+", "AU", "S"))]),
        ("Free(AU, BH,\n S)", [("Free", ("AU", "BH", "S"))]),
        ("Free (E IL,MA,.OM)", [("Free", ("E", "IL", "MA", "OM"))]),
        ("Free (AU)5% (KR)", [("Free", ("AU",)), ("5%", ("KR",))]),
        (
            "Free (BH) 10¢/kg (KR) See 9822.04.35 (AU)",
            [("Free", ("BH",)), ("10¢/kg", ("KR",)), ("See 9822.04.35", ("AU",))],
        ),
        (
            "1¢/kg for each degree (and fractions of a degree) less (P+)",
            [("1¢/kg for each degree (and fractions of a degree) less", ("P+",))],
        ),
        ("See 9919.04.50 (PA (PA)", [("See 9919.04.50 (PA", ("PA",))]),
        ("Free (AU) see note", [("Free", ("AU",)), ("see note", ())]),
        ("Free ()", [("Free ()", ())]),
    ],
)
def test_each_rate_has_the_symbols_behind_it(cell, groups):
    assert split_special(cell) == groups
