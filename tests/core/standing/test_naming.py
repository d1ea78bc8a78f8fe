"""Which measure an event is about."""

import pytest

from service.core.event import read_event
from service.core.standing.naming import Directory, Name, name_of
from tests.core.builders import measure

KEYLESS = {"measure": None}


def data(name="e", **fields):
    return read_event(measure(name, **fields)).data


def resolve(directory, name="e", **fields):
    return directory.resolve(data(name, **fields), ("src", name))


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"programme": "S232-autos", "origin": {"kind": "all"}}, "us-s232-autos-all"),
        ({"programme": "S301 (lists 1–3)"}, "us-s301-lists-1-3-cn"),
        ({"programme": None}, "us-unspecified-cn"),
        (
            {"programme": "IEEPA", "origin": {"kind": "group", "members": ["MX", "CA"]}},
            "us-ieepa-ca-mx",
        ),
    ],
)
def test_a_name_is_importer_programme_and_origin(fields, key):
    assert name_of(data(**fields)).key == key


def test_the_goods_are_no_part_of_a_name():
    cars = {"scope": "codes", "include": ["8703"]}
    assert name_of(data(product=cars)) == name_of(data())


def test_a_key_is_believed():
    directory = Directory()
    assert resolve(directory, measure="k") == "measure:k"
    assert directory.new_names == {"measure:k": Name("US", "S301-test", "CN")}
    assert not directory.flagged


def test_a_known_measure_is_not_entered_again():
    directory = Directory(keys={"measure:k"})
    assert resolve(directory, measure="k") == "measure:k"
    assert directory.new_names == {}


def test_a_key_may_be_an_alias_of_another_measure():
    directory = Directory(keys={"measure:k"}, aliases={"9903.01": "measure:k"})
    assert resolve(directory, measure="9903.01") == "measure:k"
    assert directory.new_names == {}


def test_a_known_key_goes_before_an_alias_spelt_alike():
    directory = Directory(keys={"measure:k", "measure:9903.01"}, aliases={"9903.01": "measure:k"})
    assert resolve(directory, measure="9903.01") == "measure:9903.01"


def test_without_a_key_an_alias_decides():
    directory = Directory()
    resolve(directory, measure="k", aliases=["9903.01", "EO 14257"])
    assert resolve(directory, aliases=["EO 14257"], programme="other", **KEYLESS) == "measure:k"
    assert directory.new_aliases == {"9903.01": "measure:k", "EO 14257": "measure:k"}


def test_an_alias_stays_with_the_measure_that_had_it_first():
    directory = Directory()
    resolve(directory, measure="k", aliases=["EO 14257"])
    assert resolve(directory, measure="j", aliases=["EO 14257"]) == "measure:j"
    assert directory.aliases == {"EO 14257": "measure:k"}


def test_without_key_and_alias_the_name_decides():
    directory = Directory()
    resolve(directory, measure="k")
    assert resolve(directory, aliases=["new"], **KEYLESS) == "measure:k"
    assert directory.aliases["new"] == "measure:k"


def test_an_unknown_name_becomes_a_measure_of_its_own():
    directory = Directory()
    assert resolve(directory, "one", **KEYLESS) == "measure:us-s301-test-cn"
    assert resolve(directory, "two", **KEYLESS) == "measure:us-s301-test-cn"
    assert not directory.flagged


def test_where_two_share_the_name_a_third_is_kept_and_flagged():
    directory = Directory()
    for key in ("k", "j"):
        resolve(directory, measure=key)
    third = resolve(directory, **KEYLESS)
    assert third.startswith("measure:us-s301-test-cn#")
    assert directory.flagged == {third}
    assert directory.new_names[third] == Name("US", "S301-test", "CN")


def test_where_aliases_disagree_a_third_is_kept_and_flagged():
    directory = Directory(
        keys={"measure:k", "measure:j"}, aliases={"a": "measure:k", "b": "measure:j"}
    )
    third = resolve(directory, aliases=["a", "b", "c"], **KEYLESS)
    assert directory.flagged == {third}
    assert directory.aliases["c"] == third


def test_a_key_that_another_name_has_taken_is_flagged_too():
    directory = Directory(keys={"measure:us-s301-test-cn"})
    assert directory.flagged == {resolve(directory, **KEYLESS)}


def test_the_same_ambiguous_event_always_gets_the_same_key_and_others_get_others():
    directory = Directory(keys={"measure:us-s301-test-cn"})
    plain = directory.resolve(data(**KEYLESS), ("src", "A 1"))
    again = Directory(keys={"measure:us-s301-test-cn"})
    assert again.resolve(data(**KEYLESS), ("src", "A 1")) == plain
    other = Directory(keys={"measure:us-s301-test-cn"})
    assert other.resolve(data(**KEYLESS), ("src", "a-1")) != plain


def test_a_test_is_named_and_leaves_no_trace():
    directory = Directory()
    found = directory.resolve(data(measure="k", aliases=["a"]), ("src", "e"), enter=False)
    assert found == "measure:k"
    assert directory == Directory()
