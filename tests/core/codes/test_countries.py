"""Countries: names, codes and slips are understood or answered with a suggestion."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.codes import (
    UnknownCountry,
    UnknownGroup,
    country_name,
    country_phrase,
    era_of,
    find_country,
    find_group,
    groups_of,
    importer_label,
    known_groups,
    levier_of,
    list_groups,
    members,
    memberships,
    timezone_of,
)
from service.core.codes.tables import read_rows

ROWS = read_rows("countries.tsv")
CODES = [row[0] for row in ROWS]
SPELLINGS = [
    (spelling, row[0])
    for row in ROWS
    for spelling in (row[0], row[1], row[2], row[3], *row[6].split("|"))
    if spelling
]
DAYS = st.dates(date(1950, 1, 1), date(2040, 1, 1))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("UK", "GB"),
        ("the U.K.", "GB"),
        ("Vietnam", "VN"),
        ("Viet Nam", "VN"),
        ("VIETNAM", "VN"),
        ("South Korea", "KR"),
        ("Korea (Republic of)", "KR"),
        ("Korea (Democratic People's Republic of)", "KP"),
        ("Türkiye", "TR"),
        ("turkiye", "TR"),
        ("Turkey", "TR"),
        ("USA", "US"),
        ("U.S.", "US"),
        ("America", "US"),
        ("eu", "EU"),
        ("European Union", "EU"),
        ("hong\tkong", "HK"),
        ("Macao", "MO"),
        ("Taiwan, Province of China", "TW"),
        ("Russia", "RU"),
        ("Ivory Coast", "CI"),
        ("Cote d\u2019Ivoire", "CI"),
        ("Burma", "MM"),
        ("Myanmar (Burma)", "MM"),
        ("Swaziland", "SZ"),
        ("Holland", "NL"),
        ("Czech Republic", "CZ"),
        ("CHN", "CN"),
        ("deu", "DE"),
        ("GBR", "GB"),
        ("EL", "GR"),
        ("Kosovo", "XK"),
        ("Tanzania, United Republic of", "TZ"),
        ("Congo (Democratic Republic of the)", "CD"),
        ("Bosnia & Herzegovina", "BA"),
        ("St. Lucia", "LC"),
        ("  \n China ", "CN"),
    ],
)
def test_a_country_is_understood_however_it_is_written(text, code):
    assert find_country(text) == code


def test_there_are_249_countries_and_two_more_jurisdictions():
    assert len(CODES) == 249 + len({"EU", "XK"})
    assert sorted(set(CODES)) == CODES
    assert len({row[1] for row in ROWS if row[1]}) == 250


def test_every_code_name_phrase_and_alias_leads_to_its_country_alone():
    astray = {spelling for spelling, code in SPELLINGS if find_country(spelling) != code}
    assert astray == set()


@given(st.sampled_from(SPELLINGS), st.sampled_from([str.upper, str.lower, str.title]))
def test_case_and_spaces_never_change_the_country(spelling, shape):
    text, code = spelling
    assert find_country(f"  {shape(text).replace(' ', '   ')}\n") == code


@pytest.mark.parametrize(
    ("slip", "suggested"),
    [
        ("Vietnm", [("VN", "Vietnam")]),
        ("Jappan", [("JP", "Japan")]),
        ("Kingdom of Norway", [("NO", "Norway")]),
        (
            "Congo",
            [("CD", "Democratic Republic of the Congo"), ("CG", "Republic of the Congo")],
        ),
        ("TRANSSHIPPED", []),
        ("中国", []),
        ("", []),
    ],
)
def test_a_slip_is_answered_with_the_nearest_countries(slip, suggested):
    with pytest.raises(UnknownCountry) as error:
        find_country(slip)
    assert error.value.given == slip
    assert list(error.value.suggestions) == suggested


def test_the_message_says_what_is_wrong_and_what_may_be_meant():
    with pytest.raises(ValueError, match="Vietnm") as error:
        find_country("Vietnm")
    assert str(error.value) == (
        '"Vietnm": No country or customs territory is known by this name or code. '
        "Did you mean VN (Vietnam)?"
    )


def test_control_characters_are_refused_and_not_repeated():
    with pytest.raises(UnknownCountry) as error:
        find_country("China\x00")
    assert "\x00" not in str(error.value)
    assert error.value.suggestions[0] == ("CN", "China")


def test_a_megabyte_is_refused_in_a_short_message():
    with pytest.raises(UnknownCountry) as error:
        find_country("x" * 1_000_000)
    assert len(str(error.value)) < 200


@given(st.text(max_size=100))
def test_any_text_is_a_country_or_refused_with_countries(text):
    try:
        found, suggestions = [find_country(text)], ()
    except UnknownCountry as unknown:
        found, suggestions = [], unknown.suggestions
    assert all(country_name(code) == name for code, name in suggestions)
    assert {*found, *dict(suggestions)} <= set(CODES)


def test_names_phrases_and_labels_read_well():
    named = {
        code: (country_name(code), country_phrase(code), importer_label(code)) for code in CODES
    }
    assert named["US"] == ("United States", "the US", "US")
    assert named["EU"] == ("European Union", "the EU", "EU")
    assert named["GB"] == ("United Kingdom", "the United Kingdom", "UK")
    assert named["NL"] == ("Netherlands", "the Netherlands", "Netherlands")
    assert named["CN"] == ("China", "China", "China")


@pytest.mark.parametrize("ask", [country_name, country_phrase, importer_label])
def test_a_code_that_no_country_has_gets_no_name(ask):
    with pytest.raises(UnknownCountry) as error:
        ask("UK")
    assert ("GB", "United Kingdom") in error.value.suggestions


def test_the_customs_day_begins_in_the_importers_zone():
    zones = {
        "US": "America/New_York",
        "CN": "Asia/Shanghai",
        "EU": "Europe/Brussels",
        "JP": "Asia/Tokyo",
        "GB": "Europe/London",
        "MX": "America/Mexico_City",
        "VN": "Asia/Ho_Chi_Minh",
        "IL": "Asia/Jerusalem",
        "AR": "America/Argentina/Buenos_Aires",
        "IN": "Asia/Kolkata",
        "CA": "America/Toronto",
        "BR": "America/Sao_Paulo",
        "KR": "Asia/Seoul",
        "TR": "Europe/Istanbul",
        "CH": "Europe/Zurich",
    }
    assert {code: timezone_of(code) for code in zones} == zones
    assert timezone_of("AQ") == timezone_of("nowhere") == "UTC"


def test_every_zone_exists():
    assert {ZoneInfo(timezone_of(code)).key for code in CODES} >= {"UTC", "Asia/Shanghai"}


def test_the_eu_has_27_members_and_had_28_while_the_united_kingdom_was_one():
    assert len(members("EU", date(2025, 4, 2))) == 27
    assert members("EU", date(2020, 1, 31)) - members("EU", date(2020, 2, 1)) == {"GB"}
    assert members("EU", date(2013, 7, 1)) - members("EU", date(2013, 6, 30)) == {"HR"}
    assert members("EU", date(1957, 1, 1)) == frozenset()


def test_the_usmca_binds_three_countries_since_july_2020():
    assert members("USMCA", date(2020, 7, 1)) == {"CA", "MX", "US"}
    assert members("USMCA", date(2020, 6, 30)) == frozenset()


def test_a_group_we_hold_no_rows_of_has_no_known_members():
    assert members("OPEC", date(2025, 1, 1)) == frozenset()
    assert memberships("OPEC") == ()


TURNS = [
    ("EU-CUSTOMS", date(2021, 1, 1), {"GB"}, set()),
    ("EFTA", date(1995, 1, 1), {"AT", "FI", "SE"}, set()),
    ("NAFTA", date(2020, 7, 1), {"CA", "MX", "US"}, set()),
    ("CPTPP", date(2024, 12, 15), set(), {"GB"}),
    ("ASEAN", date(2025, 10, 26), set(), {"TL"}),
    ("RCEP", date(2023, 6, 2), set(), {"PH"}),
    ("GCC", date(1981, 5, 25), set(), {"AE", "BH", "KW", "OM", "QA", "SA"}),
    ("MERCOSUR", date(2024, 8, 7), set(), {"BO"}),
    ("EAEU", date(2015, 8, 12), set(), {"KG"}),
    ("SACU", date(1990, 7, 10), set(), {"NA"}),
    ("BRICS", date(2025, 1, 6), set(), {"ID"}),
]


@pytest.mark.parametrize(("group", "day", "left", "joined"), TURNS)
def test_members_come_and_go_on_their_day(group, day, left, joined):
    before, after = members(group, day - timedelta(days=1)), members(group, day)
    assert (before - after, after - before) == (left, joined)


def test_the_united_kingdom_left_the_union_before_its_customs_territory():
    between = date(2020, 6, 1)
    assert "GB" not in members("EU", between)
    assert "GB" in members("EU-CUSTOMS", between)
    assert members("EU-CUSTOMS", date(2025, 1, 1)) == members("EU", date(2025, 1, 1)) | {"MC"}


def test_every_group_has_members_a_name_and_sources():
    assert {one.code for one in list_groups()} == known_groups()
    for group in list_groups():
        assert country_phrase(group.code)
        assert all(row.source for row in memberships(group.code))
        assert members(group.code, date(2020, 1, 1)) | members(group.code, date(2025, 1, 1))


@pytest.mark.parametrize("text", ["ASEAN", "asean", "Southern Common Market", "the GCC"])
def test_a_group_is_no_country_and_its_members_are_pointed_to(text):
    with pytest.raises(UnknownCountry) as caught:
        find_country(text)
    assert "It is a group of countries" in str(caught.value)
    assert f"groups show {find_group(text).code}" in str(caught.value)
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "on", "levier"),
    [
        ("DE", date(2025, 5, 1), "EU"),
        ("GB", date(2019, 5, 1), "EU"),
        ("GB", date(2025, 5, 1), "GB"),
        ("VN", date(2025, 5, 1), "VN"),
        ("EU", date(2025, 5, 1), "EU"),
    ],
)
def test_a_customs_union_levies_for_its_members(code, on, levier):
    assert levier_of(code, on) == levier


@pytest.mark.parametrize(
    ("text", "code"), [("asean", "ASEAN"), (" the  EU ", "EU"), ("Gulf Cooperation Council", "GCC")]
)
def test_a_group_is_found_by_code_and_name(text, code):
    assert find_group(text).code == code


def test_a_group_that_nobody_knows_is_answered_with_the_nearest():
    with pytest.raises(UnknownGroup, match="ASEAN"):
        find_group("ASEEAN")


@given(st.sampled_from(sorted(known_groups())), DAYS)
def test_members_are_those_whose_row_holds_on_the_day(group, on):
    assert members(group, on) == {row.code for row in memberships(group) if row.holds(on)}


@given(DAYS, DAYS)
def test_nobody_joins_or_leaves_within_an_era(one, other):
    if era_of(one) == era_of(other):
        assert all(members(group, one) == members(group, other) for group in known_groups())
    assert era_of(era_of(one)) == era_of(one) <= one


@given(st.sampled_from(CODES), DAYS)
def test_groups_and_members_tell_the_same_story(code, on):
    belongs = {group for group in known_groups() if code in members(group, on)}
    assert groups_of(code, on) == belongs


@given(DAYS)
def test_only_countries_are_members(on):
    assert all(members(group, on) <= set(CODES) for group in known_groups())


def test_no_country_is_twice_a_member_at_once():
    rows = sorted(read_rows("memberships.tsv"))
    overlaps = [
        later
        for earlier, later in pairwise(rows)
        if earlier[:2] == later[:2] and not "" < earlier[3] <= later[2]
    ]
    assert overlaps == []
    assert all(until == "" or since < until for _, _, since, until, _ in rows)
