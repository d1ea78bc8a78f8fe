"""Every kind of change in every language, written down; and no English but that of the event."""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import jsonschema_rs
import pytest

from service.core.change import Kind
from service.core.change.derive import weigh
from service.core.event import Action, NegotiationStep, Stage, read_event
from service.core.language import ENGLISH, Language, Tongue, tongue_for
from service.core.message import body_for, prepare, to_bytes, webhook_body, write_body
from service.core.message.body import LONGEST_BODY
from service.core.message.digest import Bundle, Member, digest_body, digest_letter
from service.core.message.invitation import invitation
from service.core.message.letter import Doors, letter
from service.core.message.notice import notice_letter
from service.core.message.recall import Recall, recall_letter
from service.core.message.spared import Known, Spared
from service.core.moment import read_moment
from service.core.sentence.headline import LONGEST_HEADLINE, headline
from service.core.sentence.phrase import say_clocks, shorten_to_width, width_of
from service.core.sentence.sentence import say
from service.core.standing.history import Entry, History
from service.examples import KINDS, example
from tests.core.builders import SOURCE, entry, measure, percent, replay, step, threat
from tests.core.message.golden.written import ADDRESSED, changes_of_2025, expect, turns_of_2025
from tests.core.message.test_alert_schema import SCHEMA
from tests.core.message.test_notice import ALL as NOTICES
from tests.core.message.test_notice import COPY
from tests.core.message.test_succession import ALL as CODES
from tests.core.sentence.test_due import BASE, START, TRANSIT, law, struck, windowed

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
LANGUAGES = [tongue_for(one) for one in Language]
FOREIGN = LANGUAGES[1:]
DOORS = Doors("https://w.example/a/1", "https://w.example/m/p", "https://w.example/m/u")
LAST = "2025-04-20T00:01:00-04:00"
PAUSE = law("pause", "suspended", effective_at=START, until=LAST)
RELIEF = law("off", "exempted", effective_at="2025-04-02", until=START)
RISE = [BASE, law("up", "increased", rate="125", effective_at=START)]
ULTIMATUM = [threat("t", rate="50", condition={"deadline": "2025-04-09"})]
RUMOURED = [threat("t", rate="50", certainty="rumour", condition={"deadline": "2025-04-09"})]
BY_TIME = {
    "entered_into_force by time": struck(RISE),
    "upcoming: a rise": struck(RISE, 0, 7),
    "upcoming: a pause": struck([BASE, PAUSE], 0, 1),
    "upcoming: an end": struck([BASE, law("end", "terminated", effective_at=START)], 0, 7),
    "upcoming: an exemption": struck([BASE, law("off", "exempted", effective_at=START)], 0, 7),
    "upcoming: the end of an exemption": struck([BASE, RELIEF], 0, 7),
    "upcoming: the end of a window": struck([windowed(**TRANSIT)], 0, 7),
    "upcoming: a deadline": struck(ULTIMATUM, 0, 7),
    "upcoming: a rumoured deadline": struck(RUMOURED, 0, 7),
    "suspended by time": struck([BASE, PAUSE]),
    "resumed by time": struck([BASE, PAUSE], 1),
    "ended by time": struck([law(rate="5", effective_at="2025-04-01", until=START)]),
    "exemption_granted by time": struck([BASE, law("off", "exempted", effective_at=START)]),
    "exemption_ended by time": struck([BASE, RELIEF]),
    "in_transit_closed by time": struck([windowed(**TRANSIT)]),
    "in_transit_closed by time, of loading": struck([windowed(loaded_before=START)]),
    "in_transit_closed by time, of entry": struck([windowed(entered_before=START)]),
    "threat_lapsed by time": struck(ULTIMATUM),
    "threat_lapsed by time, a rumour": struck(RUMOURED),
    "threat_withdrawn, as it was met": replay(
        [
            entry(ULTIMATUM[0], "2025-04-02"),
            entry(
                measure(
                    "met",
                    "threat_withdrawn",
                    certainty="official_statement",
                    withdraws={"source": SOURCE, "id": "t"},
                    met=True,
                ),
                "2025-04-08",
            ),
        ],
    )[1][-1].change,
    "rate_increased, as was threatened": replay(
        [
            entry(BASE, "2025-03-02"),
            entry(ULTIMATUM[0], "2025-04-02"),
            entry(
                law(
                    "up",
                    "increased",
                    rate="134",
                    effective_at=START,
                    realises={"source": SOURCE, "id": "t"},
                ),
                "2025-04-08",
            ),
        ],
    )[1][-1].change,
}
"""What time alone brings, or will bring; and what became of a threat."""


def name_of(tongue):
    return tongue.lang


each_language = pytest.mark.parametrize("tongue", LANGUAGES, ids=name_of)


def example_of(kind):
    """The change that the last event of an example makes."""
    events = [read_event(raw | {"handling": "live"}) for raw in example(kind, NOW)]
    is_track = isinstance(events[0].data, NegotiationStep)
    history = History("track:example" if is_track else "measure:example")
    for event in events:
        derived = weigh(Entry(event, NOW, NOW), history)
        history = derived.history
    assert derived.change is not None
    return derived.change


def kinds():
    for kind in KINDS:
        yield kind, example_of(kind)
    yield from BY_TIME.items()


@each_language
def test_every_kind_in_every_language_is_as_written_down(tongue):
    written = [
        f"{kind}\n  {headline(change, tongue)}\n  {say(change, tongue)}\n"
        for kind, change in kinds()
    ]
    expect(f"kinds_{tongue.lang}.txt", "\n".join(written))


def test_no_kind_is_left_out():
    told = {name.partition(" ")[0].strip(":,") for name, _ in kinds()}
    assert told == {kind.value for kind in Kind}


@pytest.mark.parametrize("tongue", FOREIGN, ids=name_of)
def test_all_sentences_of_2025_are_as_written_down(tongue):
    lines = [f"{change.event[1]} | {say(change, tongue)}\n" for change in changes_of_2025()]
    expect(f"sentences_2025_{tongue.lang}.txt", "".join(lines))


@pytest.mark.parametrize("tongue", FOREIGN, ids=name_of)
def test_all_subject_lines_of_2025_are_as_written_down(tongue):
    lines = [f"{change.event[1]} | {headline(change, tongue)}\n" for change in changes_of_2025()]
    expect(f"headlines_2025_{tongue.lang}.txt", "".join(lines))


@each_language
def test_what_time_brings_in_2025_is_as_written_down(tongue):
    told = [f"{headline(one, tongue)}\n  {say(one, tongue)}\n" for one in turns_of_2025()]
    expect(f"turns_2025_{tongue.lang}.txt", "\n".join(told))


@pytest.mark.parametrize("tongue", FOREIGN, ids=name_of)
def test_the_letter_is_as_written_down(tongue):
    zoned = replace(tongue, zone="Europe/Berlin" if tongue.lang == "de" else "Asia/Tokyo")
    written = letter(RULED, ADDRESSED, DOORS, zoned)
    expect(f"letter_{tongue.lang}.txt", f"Subject: {written.subject}\n\n{written.text}")
    assert f'<html lang="{tongue.lang}">' in written.html


@pytest.mark.parametrize("tongue", FOREIGN, ids=name_of)
def test_the_notices_are_as_written_down(tongue):
    letters = [notice_letter(one, COPY, tongue=tongue) for one in (NOTICES | CODES).values()]
    expect(
        f"notices_{tongue.lang}.txt",
        "\n".join(f"Subject: {one.subject}\n\n{one.text}" for one in letters),
    )


@each_language
@pytest.mark.parametrize("change", changes_of_2025(), ids=lambda one: one.event[1])
def test_no_subject_line_of_2025_is_cut(change, tongue):
    line = headline(change, tongue)
    assert width_of(line) <= LONGEST_HEADLINE
    assert not line.endswith("…")


@each_language
def test_no_subject_line_of_what_time_brings_in_2025_is_cut(tongue):
    lines = [headline(one, tongue) for one in turns_of_2025()]
    assert [one for one in lines if one.endswith("…") or width_of(one) > LONGEST_HEADLINE] == []


@pytest.mark.parametrize("tongue", FOREIGN, ids=name_of)
def test_a_body_says_its_language_and_only_words_differ(tongue):
    for change in changes_of_2025():
        english, other = (
            webhook_body(change, one, delivery=ADDRESSED)["data"] for one in (ENGLISH, tongue)
        )
        assert (english["lang"], other["lang"]) == ("en", tongue.lang)
        assert without_words(english) == without_words(other)
        assert english["summary"] != other["summary"]


WORDS = {"lang", "summary", "said", "certainty_in_words", "effective_in_words", "reason"}


def without_words(given):
    if isinstance(given, dict):
        return {name: without_words(one) for name, one in given.items() if name not in WORDS}
    return [without_words(one) for one in given] if isinstance(given, list) else given


@each_language
def test_every_body_is_as_the_schema_says_and_written_once(tongue):
    validator = jsonschema_rs.validator_for(SCHEMA)
    for change in (*changes_of_2025(), RULED):
        prepared = prepare(change, tongue)
        raw = write_body(prepared, ADDRESSED)
        assert raw == to_bytes(body_for(prepared, ADDRESSED))
        assert len(raw) < LONGEST_BODY
        validator.validate(json.loads(raw))


# Clocks and widths


@pytest.mark.parametrize(
    ("language", "zone", "said"),
    [
        ("en", None, "10 Apr 2025 00:01 New York (04:01 UTC)"),
        ("en", "Europe/Berlin", "10 Apr 2025 00:01 New York (04:01 UTC, 06:01 Berlin)"),
        ("en", "America/New_York", "10 Apr 2025 00:01 New York (04:01 UTC)"),
        (
            "en",
            "America/Los_Angeles",
            "10 Apr 2025 00:01 New York (04:01 UTC, 9 Apr 2025 21:01 Los Angeles)",
        ),
        ("de", "UTC", "10. Apr. 2025, 00:01 Uhr (New York); 04:01 Uhr UTC"),
        (
            "ja",
            "Asia/Tokyo",
            "2025年4月10日 00:01（ニューヨーク時間）／04:01（UTC）、13:01（東京時間）",
        ),
    ],
)
def test_an_instant_is_said_by_all_clocks_that_matter(language, zone, said):
    instant = read_moment("2025-04-10T00:01:00-04:00")
    assert say_clocks(tongue_for(Language(language), zone), instant, "America/New_York") == said


def test_an_instant_in_utc_needs_no_second_clock_and_a_day_none():
    assert say_clocks(ENGLISH, read_moment("2025-04-10T04:01:00Z"), "UTC") == (
        "10 Apr 2025 04:01 UTC"
    )
    day = read_moment("2025-04-10", "US")
    assert say_clocks(tongue_for(Language.ENGLISH, "Asia/Tokyo"), day, "America/New_York") == (
        "10 Apr 2025"
    )


def test_what_is_set_wide_takes_two_columns():
    assert width_of("84 % → 125 %") == 12
    assert width_of("関税：84%") == 9
    assert shorten_to_width("関税関税", 8) == "関税関税"
    assert shorten_to_width("関税関税関", 8) == "関税関…"
    assert width_of(shorten_to_width("関税" * 60, 110)) <= 110


# What no catalog holds


@dataclass(frozen=True, slots=True)
class Pseudo(Tongue):
    """Says everything in letters of no language: what is left in ours was not in a catalog."""

    def find(self, text, context=""):
        found = Tongue.find(self, text, context)
        return accent(found)

    def find_number(self, one, many, number):
        return accent(Tongue.find_number(self, one, many, number))

    def listed(self, names):
        return ", ".join(names)

    def city(self, zone):
        return "ł"

    def date(self, day):
        return "đ"

    def name(self, code):
        return replace(ENGLISH.name(code), doer="ħ", other="ħ", levy="ħ")


def accent(text):
    parts = re.split(r"(\{\w+\})", text)
    return "".join(
        part if part.startswith("{") else re.sub("[A-Za-z]", "ŧ", part) for part in parts
    )


PSEUDO = Pseudo()
APPLY = {
    "date_test": "entry",
    "declare": ["9999.01", {"code": "9999.02", "text": "0000"}],
    "claim": [{"code": "9999.03"}],
    "in_transit": {
        "loaded_before": "2025-04-05T00:01:00-04:00",
        "entered_before": "2025-05-27",
        "modes": ["vessel", "air"],
    },
    "drawback": False,
    "ftz": "privileged_foreign",
}
PLAIN = {"product": {"scope": "described", "text": "0000"}, "programme": "1111"}


def last(*events, subject="measure:us-test-cn"):
    entries = [entry(one, f"2025-04-{place + 2:02}") for place, one in enumerate(events)]
    change = replay(entries, subject)[1][-1].change
    assert change is not None
    return change


RULED = last(
    measure(
        "m",
        rate="10",
        apply=APPLY,
        effective_at="2025-04-05T00:01:00-04:00",
        instrument={"kind": "executive_order", "number": "EO 14257"},
    )
)


def say_all(change):
    """Everything in which its words appear."""
    known = Known(UUID(int=9), change)
    addressed = replace(ADDRESSED, matched=(), spared=Spared((UUID(int=8),), known))
    member = Member(prepare(change, PSEUDO), UUID(int=7), ())
    bundle = Bundle("digest:2025-04-11", {change.severity.value: 1}, (member,), NOW, PSEUDO)
    yield webhook_body(change, PSEUDO, delivery=addressed)["data"]["summary"]
    yield digest_body(bundle, addressed)["data"]["summary"]
    recalled = recall_letter(change, addressed, Recall("0", NOW), PSEUDO)
    for one in (
        letter(change, addressed, DOORS, PSEUDO),
        digest_letter(bundle, addressed, {change.id: "0"}, DOORS),
        recalled,
    ):
        yield one.subject
        yield one.text


KNOWN = {"ŧ", "HS", "EO", "US", "CN", "UTC", "measure", "track", "us", "test", "cn", "digest"}


def english_in(text):
    bare = re.sub(r"https?://\S+|[0-9a-f-]{36}", "", text)
    return set(re.findall(r"[A-Za-z]{2,}", bare)) - KNOWN


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("certainty", ["instrument", "announced", "reported"])
def test_no_english_is_left_in_what_is_said_of_a_measure(action, certainty):
    dates = {"effective_at": "2025-04-10T00:01:00-04:00", "until": "2025-06-01"}
    base = measure("b", rate="7", effective_at="2025-04-01", **PLAIN)
    for more in ({}, dates, dates | {"rate": "9", "expires_at": "2025-07-01"}):
        event = measure(
            "e", action, certainty=certainty, announced_at="2025-04-03", **PLAIN, **more
        )
        for events in ((event,), (base, event)):
            try:
                change = last(*events)
            except AssertionError:  # that act, on that footing, moves nothing
                continue
            for said in say_all(change):
                assert english_in(said) == set(), said


@pytest.mark.parametrize("stage", Stage)
def test_no_english_is_left_in_what_is_said_of_talks(stage):
    known = {"occurs_at": "2025-04-05T12:00:00+00:00", "terms": {"rate": "15", "basis": "total"}}
    change = last(step("s", stage, **known), subject="track:CN-US")
    for said in say_all(change):
        assert english_in(said) == set(), said


@pytest.mark.parametrize(
    "change",
    [
        RULED,
        last(threat("t", rate="9", condition={"text": "0000", "deadline": "2025-04-30"}, **PLAIN)),
        last(measure("f", duty=percent("15", "total_floor"), importer="EU", **PLAIN)),
        *BY_TIME.values(),
    ],
    ids=["what to do", "threat", "floor", *BY_TIME],
)
def test_no_english_is_left_in_other_parts(change):
    for said in say_all(change):
        assert english_in(said) - {"S301"} == set(), said


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES)
def test_no_english_is_left_in_notices_and_invitations(notice):
    for one in (
        notice_letter(notice, COPY, tongue=PSEUDO),
        invitation("0", "0", ["0"] * 20, "0", PSEUDO),
    ):
        bare = re.sub(r"(?m)^  .*$|dst_\d|\w+@\S+|\(?(orders|https\S+)", "", one.text)
        left = english_in(bare) - {
            "answered",
            "it",
            "is",
            "gone",
            "https",
            "hooks",
            "example",
            "com",
        }
        assert left == set(), one.text
