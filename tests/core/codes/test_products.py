"""Product codes: written in any way, checked, described, compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.codes import (
    Meet,
    ProductCode,
    UnknownNomenclature,
    UnknownProduct,
    codes_meet,
    covers,
    describe_product,
    find_nomenclature,
    find_product,
    format_product,
)
from service.core.codes.harmonized import descriptions

NOMENCLATURES = ["HTS", "CN", "TARIC", "NCM", "JP-TARIFF"]
HS_CODES = st.sampled_from(list(descriptions()))
SUBHEADINGS = st.sampled_from([code for code in descriptions() if len(code) == 6])
ENDINGS = st.from_regex(r"([0-9]{2}){1,2}", fullmatch=True)
NATIONAL = st.builds(
    lambda stem, ending, nomenclature: ProductCode(stem + ending, nomenclature),
    SUBHEADINGS,
    ENDINGS,
    st.sampled_from(NOMENCLATURES),
)
PRODUCTS = st.one_of(HS_CODES.map(ProductCode), NATIONAL)
# Few digits, so that codes often meet.
NEAR = st.tuples(
    st.from_regex(r"(87|99)(0[34]([12]0([01]0(00)?)?)?)?", fullmatch=True),
    st.sampled_from([None, "HTS", "CN"]),
)
TURNED = {Meet.WIDER: Meet.NARROWER, Meet.NARROWER: Meet.WIDER}


def refusal(text, nomenclature=None):
    with pytest.raises(UnknownProduct) as error:
        find_product(text, nomenclature)
    return error.value


@pytest.mark.parametrize(
    "text",
    [
        "870323",
        "8703.23",
        "8703 23",
        "8703-23",
        "87.03.23",
        " 8703·23\n",
        "HS 8703.23",
        "\uff18\uff17\uff10\uff13\uff12\uff13",
    ],
)
def test_six_digits_are_understood_however_they_are_separated(text):
    assert find_product(text) == ProductCode("870323")


@pytest.mark.parametrize(
    ("text", "nomenclature", "digits", "system"),
    [
        ("87", None, "87", None),
        ("chapter 87", None, "87", None),
        ("heading: 8703", None, "8703", None),
        ("8703", "HTS", "8703", None),
        ("8703.23.01", "HTS", "87032301", "HTS"),
        ("8703.23.01", "htsus", "87032301", "HTS"),
        ("HTS 8703.23.01", None, "87032301", "HTS"),
        ("HTSUS8703.23.01", "HTS", "87032301", "HTS"),
        ("HS 8703.23.01", "HTS", "87032301", "HTS"),
        ("CN 8703 23 19", None, "87032319", "CN"),
        ("8703231910", "TARIC", "8703231910", "TARIC"),
        ("9401.61.4011", "HTS", "9401614011", "HTS"),
        ("8703.23.01", "Japan", None, None),
        ("8703.23.01", "jp-tariff", "87032301", "JP-TARIFF"),
        ("9903.01.25", "HTS", "99030125", "HTS"),
        ("99", "HTS", "99", "HTS"),
        ("8703.99.01", "HTS", "87039901", "HTS"),
    ],
)
def test_a_code_keeps_its_nomenclature_only_where_it_has_one(text, nomenclature, digits, system):
    if digits is None:
        assert isinstance(refusal(text, nomenclature), UnknownNomenclature)
    else:
        assert find_product(text, nomenclature) == ProductCode(digits, system)


@pytest.mark.parametrize(
    ("padded", "meant"),
    [
        ("8703000000", ProductCode("8703")),
        ("8703.00", ProductCode("8703")),
        ("8700000000", ProductCode("87")),
        ("TARIC 8703231000", ProductCode("8703231000", "TARIC")),
        ("0504.00", ProductCode("050400")),
    ],
)
def test_zeros_that_fill_up_a_heading_are_dropped_and_no_others(padded, meant):
    assert find_product(padded) == meant


def test_a_slip_in_a_digit_is_answered_with_the_codes_that_begin_alike_and_the_heading():
    error = refusal("8703.2x")
    assert error.given == "8703.2x"
    assert [code for code, _ in error.suggestions] == [
        "8703.21",
        "8703.22",
        "8703.23",
        "8703.24",
        "8703",
    ]
    assert dict(error.suggestions)["8703"] == describe_product("8703")
    assert str(error).startswith('"8703.2x": A product code is written in digits')
    assert "Did you mean 8703.21 (Vehicles; with only spark-ignition" in str(error)


@pytest.mark.parametrize(
    ("slip", "nearest", "says"),
    [
        ("870", "8701", "this one 3"),
        ("8703.231.9.1", "8703.23", "this one 9"),
        ("10121", "0101.21", "this one 5"),  # a spreadsheet took the zero
        ("8730", "8703", "no heading 8730"),  # two digits changed places
        ("8730.23", "8703", "no heading 8730"),
        ("8703.99", "8703.90", "no subheading 8703.99"),
        ("77", "76", "no chapter 77"),
        ("00", "01", "no chapter 00"),
        ("8799.10.00", "8716", "no heading 8799"),
        ("used cars 8703", "8703", "digits"),
        ("cars", "8703", "digits"),
        ("upholstered furniture", "9401.61", "digits"),
    ],
)
def test_the_nearest_code_comes_first(slip, nearest, says):
    error = refusal(slip)
    assert error.suggestions[0][0] == nearest
    assert says in str(error)


@pytest.mark.parametrize("nothing", ["", "...", "xx", "\x00", "汽车"])
def test_what_says_nothing_gets_no_suggestion(nothing):
    assert refusal(nothing).suggestions == ()


def test_eight_digits_without_a_nomenclature_are_asked_for_one():
    for asked in (None, "HS"):
        error = refusal("8703.23.01", asked)
        assert "8 digits belong to a nomenclature: name it (HTS, CN, TARIC" in str(error)
        assert error.suggestions[0][0] == "8703.23"


def test_chapters_98_and_99_are_asked_for_their_country_even_when_short():
    error = refusal("9903")
    assert "Chapters 98 and 99 belong to a nomenclature" in str(error)
    assert error.suggestions == ()


def test_two_nomenclatures_for_one_code_are_not_guessed_between():
    assert "This names HTS, the nomenclature given is TARIC." in str(
        refusal("HTS 8703.23.01", "TARIC")
    )


def test_a_text_longer_than_any_code_is_refused_in_a_short_message():
    error = refusal("8703" + " " * 1_000_000)
    assert len(str(error)) < 500
    assert error.suggestions[0][0] == "8703"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HTS", "HTS"),
        ("Combined Nomenclature", "CN"),
        ("itc(hs)", "ITC-HS"),
        ("TIGIE", "LIGIE"),
        (" vn-tariff ", "VN-TARIFF"),
        ("uk-tariff", "GB-TARIFF"),
    ],
)
def test_a_nomenclature_is_understood_by_its_names(text, name):
    assert find_nomenclature(text) == name


@pytest.mark.parametrize("text", ["HST", "QQ-TARIFF", "", "HTS\x00", "HTS" * 50])
def test_an_unknown_nomenclature_is_refused(text):
    with pytest.raises(UnknownNomenclature) as error:
        find_nomenclature(text)
    assert error.value.given == text


def test_a_slip_in_a_nomenclature_is_answered_with_the_nearest():
    assert ("HTS", "Harmonized Tariff Schedule of the United States") in refusal(
        "8703.23.01", "HST"
    ).suggestions


def test_a_description_is_that_of_the_nearest_code_above():
    assert describe_product("87032301") == describe_product("870323") == descriptions()["870323"]
    assert describe_product("870399") == descriptions()["8703"]
    assert describe_product("8799") == descriptions()["87"]
    assert "National" in describe_product("99030125")


def test_what_is_no_chapter_has_no_description():
    with pytest.raises(UnknownProduct, match="77") as error:
        describe_product("7701")
    assert error.value.suggestions


def test_hs_2022_is_whole():
    widths = [len(code) for code in descriptions()]
    assert [widths.count(width) for width in (2, 4, 6)] == [96, 1228, 5612]
    assert all(code[:-2] in descriptions() for code in descriptions() if len(code) > 2)
    assert list(descriptions()) == sorted(descriptions())


@pytest.mark.parametrize(
    ("digits", "printed"),
    [
        ("87", "87"),
        ("8703", "8703"),
        ("870323", "8703.23"),
        ("87032301", "8703.23.01"),
        ("8703230110", "8703.23.01.10"),
    ],
)
def test_codes_are_printed_as_tariffs_print_them(digits, printed):
    assert format_product(digits) == printed


@given(PRODUCTS)
def test_a_printed_code_is_read_back_as_itself(product):
    assert find_product(str(product)) == product
    assert find_product(format_product(product.digits), product.nomenclature) == product


@given(PRODUCTS, st.lists(st.sampled_from(["", ".", " ", "-", " . "]), min_size=10, max_size=10))
def test_separators_never_change_the_code(product, separators):
    written = "".join(digit + mark for digit, mark in zip(product.digits, separators, strict=False))
    assert find_product(written, product.nomenclature) == product


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[0-9. x]{0,14}", fullmatch=True)))
def test_any_text_is_a_product_or_refused_with_codes_that_exist(text):
    try:
        found, suggestions = find_product(text), ()
    except UnknownProduct as unknown:
        found, suggestions = None, unknown.suggestions
    assert found is None or find_product(str(found)) == found
    for code, description in suggestions:
        assert describe_product(find_product(code).digits) == description


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        (("8703", None), ("870323", None), Meet.WIDER),
        (("8703", None), ("87", None), Meet.NARROWER),
        (("8703", None), ("8703", None), Meet.SAME),
        (("8703", None), ("9403", None), None),
        (("870323", None), ("87032301", "HTS"), Meet.WIDER),
        (("87032301", "HTS"), ("87032301", "HTS"), Meet.SAME),
        (("87032301", "HTS"), ("8703230110", "HTS"), Meet.WIDER),
        (("87032301", "HTS"), ("87032302", "HTS"), None),
        (("87032301", "HTS"), ("87032301", "CN"), Meet.SIX_DIGITS),
        (("87032301", "HTS"), ("8703231910", "TARIC"), Meet.SIX_DIGITS),
        (("87032301", "HTS"), ("87032419", "CN"), None),
        (("9903", "HTS"), ("99030125", "HTS"), Meet.WIDER),
        (("99030125", "HTS"), ("99030125", "CN"), None),
    ],
)
def test_codes_meet_in_both_directions_and_nomenclatures_on_six_digits(a, b, meet):
    assert codes_meet(*a, *b) is meet


@given(NEAR, NEAR)
def test_meeting_is_mutual(a, b):
    there, back = codes_meet(*a, *b), codes_meet(*b, *a)
    assert back is TURNED.get(there, there)


@given(NEAR, NEAR)
def test_codes_of_one_nomenclature_meet_when_one_covers_the_other(a, b):
    (first, of), (second, _) = a, b
    meets = covers(first, second) or covers(second, first)
    assert (codes_meet(first, of, second, of) is not None) is meets


@given(NEAR, st.sampled_from(NOMENCLATURES))
def test_a_code_is_the_same_as_itself(a, nomenclature):
    assert codes_meet(*a, *a) is codes_meet(a[0], nomenclature, a[0], nomenclature) is Meet.SAME
