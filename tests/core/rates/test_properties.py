"""What holds of every computation, whatever the measures and relations are."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.builders import percent
from tests.core.rates.world import amounts, codes, dossier, owe, rules_of

KEYS = ("a", "b", "c", "d")
DUTY = st.one_of(
    st.integers(0, 50).map(lambda amount: percent(str(amount))),
    st.integers(0, 50).map(lambda amount: percent(str(amount), "total_floor")),
    st.just({"text": "see the list"}),
)
FIELDS = st.fixed_dictionaries(
    {
        "duty": DUTY,
        "product": st.sampled_from(
            [
                {"scope": "all"},
                {"scope": "all", "condition": "usmca_qualifying"},
                {"scope": "described", "text": "toys"},
                codes("9503"),
            ]
        ),
        "origin": st.sampled_from([{"kind": "all"}, {"kind": "country", "members": ["CN"]}]),
    }
)
WORLDS = st.dictionaries(st.sampled_from(KEYS), FIELDS, min_size=1)
RELATION = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["excludes", "replaces", "stacks_with"]),
        "measure": st.sampled_from(KEYS),
        "other": st.sampled_from(KEYS).map(lambda key: [key]),
    }
)
RELATIONS = st.lists(RELATION, max_size=4).map(
    lambda found: [
        one | {"id": str(place), "citation": str(place)} for place, one in enumerate(found)
    ]
)
TOLD = st.sampled_from([{}, {"column1_pct": "5"}, {"usmca_qualifying": "true"}])


def measures(world):
    return [dossier(key, **fields) for key, fields in world.items()]


def bare(rates):
    return (rates.answers, rates.beside, rates.missing, rates.presumed, rates.is_cut)


@settings(deadline=None)
@given(WORLDS, RELATIONS, TOLD, st.randoms(use_true_random=False))
def test_no_order_matters(world, relations, told, chance):
    first = owe(*measures(world), rules=rules_of(*relations), **told)
    turned, shuffled = measures(world), list(relations)
    chance.shuffle(turned)
    chance.shuffle(shuffled)
    assert bare(owe(*turned, rules=rules_of(*shuffled), **told)) == bare(first)


@settings(deadline=None)
@given(WORLDS, RELATIONS, TOLD)
def test_an_unknown_part_makes_the_total_unknown(world, relations, told):
    for answer in owe(*measures(world), rules=rules_of(*relations), **told).answers:
        parts = [one.pct for one in answer.lines]
        if None in parts or answer.doubts:
            assert answer.additional_pct is None
            assert answer.total_pct is None
        else:
            assert answer.additional_pct == sum(parts)


@settings(deadline=None)
@given(WORLDS, RELATIONS, TOLD)
def test_a_measure_on_other_goods_changes_nothing(world, relations, told):
    rules = rules_of(*relations)
    elsewhere = dossier("z", rate="99", product=codes("8703"))
    foreign = dossier("y", rate="99", origin={"kind": "country", "members": ["VN"]})
    found = owe(*measures(world), elsewhere, foreign, rules=rules, **told)
    assert bare(found) == bare(owe(*measures(world), rules=rules, **told))


@settings(deadline=None)
@given(WORLDS, RELATIONS, TOLD)
def test_what_is_owed_is_never_also_excluded(world, relations, told):
    for answer in owe(*measures(world), rules=rules_of(*relations), **told).answers:
        assert not set(amounts(answer)) & {one.measure for one in answer.excluded}


@settings(deadline=None)
@given(WORLDS, RELATIONS)
def test_telling_a_fact_gives_one_of_the_branches(world, relations):
    rules = rules_of(*relations)
    open_ = owe(*measures(world), rules=rules)
    for value in ("true", "false"):
        told = owe(*measures(world), rules=rules, usmca_qualifying=value)
        (answer,) = told.answers
        figures = [one.figures for one in open_.answers]
        assert answer.figures in figures
