"""What a trader reads: every sentence of 2025 written down, and every kind of change beside."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.change import Kind
from service.core.duty import Duty
from service.core.event import Instrument
from service.core.language import ENGLISH, Language, tongue_for
from service.core.moment import read_moment
from service.core.sentence.headline import LONGEST_HEADLINE, headline
from service.core.sentence.phrase import (
    cite,
    read_number,
    say_laws,
    say_moment,
    shorten,
    width_of,
)
from service.core.sentence.rates import say_rate
from service.core.sentence.sentence import say
from service.core.sentence.terms import say_terms
from tests.core.builders import (
    OTHER_SOURCE,
    SOURCE,
    TRACK,
    claim,
    entry,
    measure,
    percent,
    ref,
    replay,
    step,
    threat,
)
from tests.core.message.golden.written import change_of, changes_of_2025, expect

ORDER = {"instrument": {"kind": "executive_order", "number": "EO 14266"}}
IN_APRIL = "2025-04-10T00:01:00-04:00"
BASE = measure("base", rate="84", effective_at="2025-04-01T00:01:00-04:00")


def last(*events, subject="measure:us-test-cn"):
    """The change made by the last of the events, which become known a day after each other."""
    entries = [entry(one, f"2025-04-{place + 2:02}") for place, one in enumerate(events)]
    change = replay(entries, subject)[1][-1].change
    assert change is not None
    return change


def told(*events):
    return say(last(*events))


def test_all_sentences_of_2025_are_as_written_down():
    lines = [f"{change.event[1]} | {say(change)}\n" for change in changes_of_2025()]
    expect("sentences_2025.txt", "".join(lines))


def test_all_subject_lines_of_2025_are_as_written_down():
    lines = [f"{change.event[1]} | {headline(change)}\n" for change in changes_of_2025()]
    expect("headlines_2025.txt", "".join(lines))


def test_the_sentence_a_trader_would_write():
    event = measure("e", "increased", rate="125", effective_at=IN_APRIL, programme=None, **ORDER)
    assert told(BASE, event) == (
        "US duty on goods of China: 84 % → 125 % from 10 Apr 2025 00:01 New York. Law: EO 14266."
    )


@pytest.mark.parametrize("change", changes_of_2025(), ids=lambda one: one.event[1])
def test_every_subject_line_fits_and_every_sentence_ends(change):
    assert len(headline(change)) <= LONGEST_HEADLINE
    assert say(change).endswith(".")
    assert "  " not in say(change)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            [BASE, measure("e", "terminated", effective_at=IN_APRIL)],
            "84 % → none (terminated) as of",
        ),
        (
            [BASE, measure("e", "struck_down", announced_at="2025-04-03")],
            "none (struck down in court)",
        ),
        (
            [
                measure("e", rate="10", effective_at=IN_APRIL),
                measure("f", "terminated", effective_at="2025-04-09", announced_at="2025-04-03"),
            ],
            "10 % → none (cancelled before it began)",
        ),
        (
            [
                BASE,
                measure("p", "suspended", effective_at="2025-04-02"),
                measure("r", "resumed", effective_at=IN_APRIL),
            ],
            "suspended → 84 % again from 10 Apr 2025 00:01 New York",
        ),
        (
            [BASE, measure("p", "suspended", effective_at="2025-04-05")],
            "84 % suspended from 5 Apr 2025, no end",
        ),
        (
            [BASE, measure("s", "scope_reduced", product={"scope": "codes", "include": ["8703"]})],
            "goods of China (HS 8703): 84 % → no longer covered, date not stated",
        ),
        ([BASE, measure("r", "ruled_unlawful", stayed=False)], "ruled unlawful; 84 % → none"),
        (
            [BASE, measure("r", "ruled_unlawful", effective_at="2025-04-05")],
            "on 5 Apr 2025; effect not stated",
        ),
        (
            [measure("a", "authorised", rate="25")],
            "25 % authorised, not applied yet, date not stated",
        ),
        (
            [
                measure("a", rate="25", announced_at="2025-02-01", effective_at="2025-03-01"),
                measure("b", "terminated", announced_at="2025-04-01", effective_at="2025-06-01"),
                measure("c", "delayed", announced_at="2025-04-02", effective_at="2025-09-01"),
            ],
            "end postponed from 1 Jun 2025 to 1 Sep 2025. Until then 25 % applies.",
        ),
        (
            [
                measure("a", rate="25", effective_at="2025-03-01"),
                measure("b", "suspended", announced_at="2025-04-01", effective_at="2025-06-01"),
                measure("c", "delayed", announced_at="2025-04-02"),
            ],
            "suspension postponed, new date not stated. Until then 25 % applies.",
        ),
        (
            [
                measure("a", rate="25", effective_at="2025-03-01"),
                measure("b", "suspended", announced_at="2025-03-02", effective_at="2025-03-03"),
                measure("c", "resumed", announced_at="2025-04-02", rate="15"),
            ],
            "suspended → 15 %",
        ),
        ([measure("i", "investigation_opened")], "investigation opened; no duty yet."),
        (
            [measure("i", "investigation_opened", rate="5", announced_at="2025-04-01")],
            "investigation opened on 1 Apr 2025; no duty yet.",
        ),
        (
            [
                measure("a", rate="5", effective_at="2025-03-01"),
                measure("i", "investigation_opened", announced_at="2025-04-01"),
            ],
            "investigation opened on 1 Apr 2025; 5 % meanwhile",
        ),
        (
            [measure("i", "determination_preliminary", rate="5", effective_at="2025-05-01")],
            "none → provisionally 5 % on top of other duties from 1 May 2025",
        ),
        (
            [BASE, measure("c", "corrected", rate="85", effective_at="2025-04-01")],
            "Corrected: US duty",
        ),
        ([measure("t", "terminated")], "China: terminated, date not stated"),
        ([measure("a", "amended")], "changed, rate not stated, date not stated"),
        ([measure("a", "amended", duty=percent("9", "component_total"))], "set to 9 % on top of"),
        (
            [BASE, measure("e", "exempted", rate="20", product={"scope": "described"})],
            "goods of China (goods not stated): 84 % → 20 %",
        ),
        (
            [measure("e", "exempted", effective_at="2025-04-05")],
            "goods of China: exempt as of 5 Apr 2025",
        ),
        ([measure("x", "exemption_ended", rate="30")], "exempt → 30 %"),
        (
            [BASE, measure("x", "extended", until="2025-06-01")],
            "84 % stays until 31 May 2025 inclusive",
        ),
        (
            [measure("x", rate="9", expires_at="2025-06-01")],
            "date not stated, valid until 31 May 2025 inclusive",
        ),
        (
            [measure("x", rate="9", until="2025-06-01")],
            "until 31 May 2025 inclusive, start not stated",
        ),
        (
            [measure("x", rate="9", effective_at="2025-05-01"), measure("d", "delayed")],
            "9 % postponed from",
        ),
        (
            [measure("d", "delayed", rate="9", effective_at="2025-05-01")],
            "9 % postponed to 1 May 2025",
        ),
        (
            [
                measure("x", rate="9", effective_at="2025-05-01"),
                measure("d", rate="9", effective_at="2025-04-20"),
            ],
            "9 %",
        ),
        (
            [
                BASE,
                measure("p", "suspended", effective_at="2025-04-01", until="2025-07-01", rate="10"),
                measure("u", "increased", rate="90", effective_at="2025-05-01"),
            ],
            "10 % → 90 % from 1 May 2025. Payable then: 10 %.",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_each_action_has_its_words(events, expected):
    assert expected in told(*events)


def test_a_start_brought_forward_is_not_called_postponed():
    early = measure("d", "delayed", rate="9", effective_at="2025-04-20")
    said = told(measure("x", rate="9", effective_at="2025-05-01"), early)
    assert "9 % brought forward from 1 May 2025 to 20 Apr 2025." in said


def test_a_postponement_without_a_new_date_says_so():
    change = last(measure("x", rate="9", effective_at="2025-05-01"), measure("d", "delayed"))
    assert "9 % postponed" in say(change)
    assert "new date not stated" in say(change)
    assert "no date" in headline(change)


def test_the_same_rate_told_again_says_that_it_stays():
    change = replace(last(BASE, measure("b", "increased", rate="90")), new=None)
    event = change.about.model_copy(update={"duty": change.old})
    same = replace(change, about=event, old=Duty.model_validate(percent("84")))
    same = replace(same, about=event.model_copy(update={"duty": same.old}))
    assert "84 %, as before" in say(same)


def test_a_longer_suspension_without_an_end_says_so():
    change = last(
        BASE,
        measure("p", "suspended", effective_at="2025-04-01"),
        BASE | {"id": "z"} | {"data": BASE["data"] | {"action": "extended", "until": "2025-09-01"}},
    )
    endless = replace(
        change, about=change.about.model_copy(update={"until": None}), moved_from=None
    )
    assert "stays suspended, end not stated" in say(endless)


LATER_PAUSE = measure("p", "suspended", effective_at="2025-06-01", until="2025-09-01")
PAUSE = measure("p", "suspended", effective_at="2025-04-02", until="2025-09-01")
TONGUES = [ENGLISH, *(tongue_for(one) for one in (Language.GERMAN, Language.JAPANESE))]


@pytest.mark.parametrize(
    ("pause", "until", "said"),
    [
        (
            LATER_PAUSE,
            "2025-12-01",
            (
                (
                    "84 % will be suspended from 1 Jun 2025 until 30 Nov 2025 inclusive instead of"
                    " 31 Aug 2025 inclusive."
                ),
                (
                    "84 % künftig ausgesetzt ab 1. Juni 2025 bis einschließlich 30. Nov. 2025"
                    " statt bis einschließlich 31. Aug. 2025."
                ),
                "84%を停止予定、2025年6月1日から、期限を2025年8月31日から2025年11月30日に延長。",
            ),
        ),
        (
            LATER_PAUSE,
            "2025-08-01",
            (
                "from 1 Jun 2025 only until 31 Jul 2025 inclusive instead of 31 Aug 2025",
                "nur noch bis einschließlich 31. Juli 2025 statt bis einschließlich 31. Aug.",
                "期限を2025年8月31日から2025年7月31日に短縮。",
            ),
        ),
        (
            PAUSE,
            "2025-12-01",
            (
                "84 % stays suspended until 30 Nov 2025 inclusive instead of 31 Aug 2025 inclusive",
                "84 % bleiben ausgesetzt bis einschließlich 30. Nov. 2025 statt bis einschließlich",
                "84%の停止を継続、期限を2025年8月31日から2025年11月30日に延長。",
            ),
        ),
        (
            PAUSE,
            "2025-08-01",
            (
                "84 % stays suspended only until 31 Jul 2025 inclusive instead of 31 Aug 2025",
                "84 % bleiben ausgesetzt, nur noch bis einschließlich 31. Juli 2025 statt bis",
                "84%の停止を継続、期限を2025年8月31日から2025年7月31日に短縮。",
            ),
        ),
        (
            PAUSE,
            "2025-12-01T00:01:00-05:00",
            (
                "until 1 Dec 2025 00:01 New York instead of 31 Aug 2025 inclusive.",
                "bis 1. Dez. 2025, 00:01 Uhr (New York) statt bis einschließlich 31. Aug. 2025.",
                "期限を2025年8月31日から2025年12月1日 00:01（ニューヨーク時間）に延長。",
            ),
        ),
    ],
)
def test_a_pause_that_is_made_longer_or_shorter_says_both_ends_and_whether_it_has_begun(
    pause, until, said
):
    change = last(BASE, pause, measure("x", "extended", until=until))
    for tongue, words in zip(TONGUES, said, strict=True):
        assert words in say(change, tongue)


def test_a_pause_that_was_made_longer_once_is_one_pause_still():
    again = [measure(name, "extended", until=day) for name, day in EXTENSIONS]
    assert (
        "84 % will be suspended from 1 Jun 2025 until 31 Jan 2026 inclusive instead of"
        " 30 Nov 2025 inclusive." in told(BASE, LATER_PAUSE, *again)
    )
    change = last(BASE, LATER_PAUSE, *again)
    assert "84 % will be suspended, end 30 Nov 2025 inclusive → 31 Jan 2026" in headline(change)


EXTENSIONS = [("x", "2025-12-01"), ("y", "2026-02-01")]


@pytest.mark.parametrize("end", ["until", "expires_at"])
def test_a_rate_that_stays_longer_says_both_ends_too(end):
    event = measure("b", rate="84", effective_at="2025-04-01", **{end: "2025-07-01"})
    said = told(event, measure("x", "extended", until="2025-12-01"))
    assert "84 % stays until 30 Nov 2025 inclusive instead of 30 Jun 2025 inclusive." in said


def test_a_pause_that_comes_after_another_begins_by_itself():
    first = measure("f", "suspended", effective_at="2025-05-01", until="2025-05-10")
    said = told(BASE, first, LATER_PAUSE, measure("x", "extended", until="2025-12-01"))
    assert "84 % will be suspended from 1 Jun 2025 until 30 Nov" in said


def test_the_same_end_again_is_not_told_as_moved():
    said = told(BASE, LATER_PAUSE, measure("x", "extended", until="2025-09-01", rate="5"))
    assert "from 1 Jun 2025 until 31 Aug 2025 inclusive; 5 % applies meanwhile" in said


def test_a_figure_that_ends_in_words_is_closed_before_others_follow():
    parts = [
        {"kind": "ad_valorem", "amount": "2.5"},
        {"kind": "specific", "amount": "0.40", "currency": "USD", "per": "kg"},
    ]
    change = last(
        measure("m", duty={"components": parts, "combine": "max"}, effective_at="2025-06-01")
    )
    said = [say(change, tongue) for tongue in TONGUES]
    assert "2.5 % or USD 0.40 per kg (whichever is higher) on top of other duties from" in said[0]
    assert "0,40 USD je kg (je nachdem, was höher ist) zusätzlich zu anderen" in said[1]
    assert "2.5%または0.40 USD／kgのいずれか高い方（他の関税に上乗せ）" in said[2]


def test_a_condition_in_its_own_words_stands_behind_the_goods():
    change = last(measure("m", product={"scope": "all", "condition": "not qualifying under USMCA"}))
    said = [say(change, tongue) for tongue in TONGUES]
    assert "US duty on goods of China, not qualifying under USMCA: " in said[0]
    assert "US-Zoll auf Waren aus China, „not qualifying under USMCA“: " in said[1]
    assert "米国の「not qualifying under USMCA」中国原産品に対する関税：" in said[2]


MANY = ["CN", "JP", "DE", "FR", "GB", "IT", "ES", "NL", "BE", "AT"]


@pytest.mark.parametrize("origin", [{"kind": "all", "except": MANY}, {"members": MANY}])
@pytest.mark.parametrize("product", [{"scope": "all"}, {"scope": "codes", "include": ["8703"]}])
@pytest.mark.parametrize("rate", ["10", "1234567.125"])
def test_a_subject_line_loses_origins_before_its_day(origin, product, rate):
    about = {"origin": {"kind": "country"} | origin, "product": product, "rate": rate}
    change = last(measure("m", effective_at="2025-12-20", **about))
    for tongue, day in zip(
        TONGUES, ("20 Dec 2025", "20. Dez. 2025", "2025年12月20日から"), strict=True
    ):
        assert day in headline(change, tongue)
        assert width_of(headline(change, tongue)) <= LONGEST_HEADLINE


def test_what_is_too_long_all_the_same_loses_goods_before_its_day():
    product = {"scope": "all", "condition": "not qualifying under USMCA, " + "x" * 50}
    change = last(
        measure("m", product=product, effective_at="2025-12-20", origin=EXCEPTED, rate="9")
    )
    said = headline(change)
    assert said.endswith("…: none → 9 % from 20 Dec 2025")
    assert len(said) <= LONGEST_HEADLINE


EXCEPTED = {"kind": "all", "except": MANY}


def test_an_announcement_without_a_text_says_so_and_what_it_cites():
    cited = {"citations": [{"kind": "hts_heading", "number": "9903.01.25"}]}
    said = told(measure("a", rate="10", certainty="announced", **cited))
    assert "Announced by the authority, legal text not seen yet. Cites HTS 9903.01.25." in said


def test_sources_that_disagree_are_said_to():
    first = measure("a", rate="10", effective_at=IN_APRIL, announced_at="2025-04-01")
    other = measure(
        "b", rate="12", effective_at=IN_APRIL, announced_at="2025-04-01", source=OTHER_SOURCE
    )
    assert "Another source of equal standing says otherwise." in told(first, other)


THEN = {"rate": "50", "basis": "total", "from": "2025-05-01", "goods": "copper", "list": {"a": 1}}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            [
                threat(
                    "t", condition={"then": THEN, "text": "talks fail.", "deadline": "2025-04-30"}
                )
            ],
            "goods of China: 50 % in all from 1 May 2025 (goods: copper); condition: talks fail;",
        ),
        (
            [threat("t", rate="30", certainty="reported")],
            "Threat reported, not law: US duty on goods",
        ),
        ([threat("t", certainty="rumour")], "Rumour of a threat, not law: "),
        (
            [threat("t", condition={"then": {"rate": "much", "from": "soon"}})],
            "(rate: much; from: soon)",
        ),
        (
            [threat("t", rate="30", effective_at="2025-06-01")],
            "goods of China: 30 % from 1 Jun 2025.",
        ),
        (
            [
                threat("t", rate="30", condition={"deadline": "2025-04-30"}),
                measure("w", "threat_withdrawn", certainty="announced", withdraws=ref("t")),
            ],
            "US duty on goods of China: 30 % no longer threatened (deadline was 30 Apr 2025).",
        ),
        ([measure("w", "threat_withdrawn", certainty="reported")], "Reported, not law: US duty on"),
        (
            [threat("t"), threat("u", condition={"then": {"rate": "9"}}, withdraws=ref("t"))],
            "Threat, not law: US duty on goods of China: 9 %.",
        ),
        ([BASE, measure("r", "increased", rate="90", certainty="unnamed")], "Law now: 84 %."),
        (
            [
                measure("b", rate="9", effective_at="2025-05-01"),
                threat("t", rate="20"),
            ],
            "Law now: 9 % from 1 May 2025.",
        ),
        (
            [measure("b", rate="9"), threat("t", rate="20")],
            "Law now: 9 %, announced without a date.",
        ),
        (
            [
                BASE,
                measure("p", "suspended", effective_at="2025-04-01"),
                threat("t", rate="99", citations=[{"kind": "other", "number": "a letter"}]),
            ],
            "Law now: 84 %, suspended. Cites a letter.",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_what_is_not_law_says_so_first(events, expected):
    assert expected in told(*events)


@pytest.mark.parametrize(
    ("verdict", "fields", "expected"),
    [
        (
            "denied",
            {},
            "Denied by a named official: the report “US duty on goods of China: raised to 90 %",
        ),
        ("disputed", {}, "Disputed by a named official: the report “"),
        (
            "confirmed",
            {"evidence": [{"kind": "press_report"}]},
            "Confirmed by a named official: the report",
        ),
        ("retracted", {"certainty": "reported"}, "What stands now: 84 %."),
    ],
)
def test_a_verdict_threads_to_what_it_is_about(verdict, fields, expected):
    report = measure("r", "increased", rate="90", certainty="reported")
    assert expected in told(BASE, report, claim("v", "r", verdict, **fields))


def test_a_retraction_of_all_we_knew_leaves_nothing():
    assert "What stands now: nothing." in told(measure("r", rate="9"), claim("v", "r"))


def test_a_verdict_on_a_threat_calls_it_a_threat():
    assert "the threat “US duty" in told(threat("t", rate="9"), claim("v", "t", "denied"))


def test_a_verdict_on_what_was_never_told_stands_by_itself():
    report = measure("r", "increased", rate="90", certainty="rumour")
    confirmed = last(report, claim("v", "r", "confirmed"))
    denied = last(report, claim("v", "r", "denied"))
    assert say(confirmed, told_before=False).startswith(
        "Rumour confirmed by a named official: US duty"
    )
    assert say(denied, told_before=False).startswith("Rumour, denied by a named official: US duty")
    assert headline(denied).startswith("Denied: US duty on goods of China: raised to 90 %")


def test_what_is_confirmed_has_its_lead():
    change = replace(last(BASE), kinds=(Kind.CLAIM_CONFIRMED,))
    assert say(change).startswith("Confirmed: US duty")
    assert headline(change).startswith("Confirmed: US duty")


def talk(*steps):
    entries = [entry(one, f"2025-04-{place + 2:02}") for place, one in enumerate(steps)]
    change = replay(entries, TRACK)[1][-1].change
    assert change is not None
    return change


US, CN = {"code": "US", "role": "counterpart"}, {"code": "CN", "role": "counterpart"}
INITIATES = {"role": "initiator"}
MANY = {"code": None, "role": "contacted"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"parties": [US, CN]}, "The US reaches out to China."),
        ({"parties": [US | {"role": "contacted"}, CN]}, "China reaches out to the US."),
        (
            {"parties": [US | {"role": "contacted"}, CN | {"role": "contacted"}]},
            "The US reaches out to",
        ),
        ({"parties": [US, MANY]}, "The US reaches out to unnamed countries."),
        (
            {"parties": [US | INITIATES, CN | INITIATES, {"code": "JP", "role": "contacted"}]},
            "The US and China reach out to Japan.",
        ),
        (
            {"parties": [US, MANY | {"count": {"low": 1}}]},
            "The US reaches out to 1 unnamed country.",
        ),
        ({"parties": [US, MANY | {"count": {"high": 70}}]}, "reaches out to 70 unnamed countries."),
        (
            {
                "parties": [
                    US | {"role": "contacted"},
                    MANY | {"role": "initiator", "count": {"low": 50, "high": 70}},
                ]
            },
            "50 to 70 unnamed countries reach out to the US.",
        ),
        ({"certainty": "rumour"}, "Rumour: The US reaches out to China. Its source is not known."),
        (
            {"occurs_at": "2025-04-05T12:00:00+00:00"},
            "The US reaches out to China, 5 Apr 2025 08:00 New York.",
        ),
    ],
)
def test_a_step_says_who_moves_towards_whom(fields, expected):
    assert expected in say(talk(step("s", "outreach", **fields)))


def test_every_stage_has_a_sentence_and_a_subject_line():
    for stage in (
        "interest_expressed",
        "precondition_set",
        "talks_scheduled",
        "stalled",
        "suspended",
        "terminated",
        "no_talks_scheduled",
        "agreement_signed",
        "implemented",
    ):
        change = talk(step("s", stage))
        assert "China" in say(change)
        assert headline(change).startswith("China and the US: ")


def test_hearsay_of_talks_says_how_far_they_really_are():
    heard = talk(step("s", "under_way"), step("r", "framework", certainty="rumour"))
    assert headline(heard).startswith("Rumour: China and the US: framework")
    assert say(heard).endswith("Its source is not known. Talks now: talks under way.")


def test_a_retracted_step_leaves_no_talks_to_speak_of():
    change = talk(step("s", "outreach"), claim("v", "s", "denied"))
    assert say(change).endswith("“The US reaches out to China”.")
    assert "Talks now" in say(
        talk(step("r", "framework"), step("s", "outreach"), claim("v", "s", "denied"))
    )


def test_terms_are_said_by_their_names():
    terms = {
        "basis": "total",
        "rate_low": "5",
        "rate_high": "x",
        "a": 1,
        "b": {"c": 1},
        "d": [1, [2]],
        "e": 3,
    }
    assert say_terms(ENGLISH, terms) == "basis: total; rate low: 5 %; rate high: x; a: 1; …"
    assert say_terms(ENGLISH, {"rate": "15", "basis": "total_floor"}) == "at least 15 % in all"


def test_moments_are_said_in_the_zone_of_the_importer():
    instant = read_moment("2025-04-10T12:01:00+08:00")
    assert say_moment(ENGLISH, instant, "Asia/Shanghai") == "10 Apr 2025 12:01 Shanghai"
    assert say_moment(ENGLISH, instant, "UTC") == "10 Apr 2025 04:01 UTC"
    assert say_moment(ENGLISH, read_moment("2025-04-10", "US"), "Asia/Shanghai") == "10 Apr 2025"


def test_laws_are_cited_by_the_act_and_with_their_prefix():
    def law(kind, number):
        return Instrument(kind=kind, number=number)

    assert cite(law("executive_order", "14266")) == "EO 14266"
    assert cite(law("federal_register", "90 FR 15625")) == "90 FR 15625"
    assert cite(law("federal_register", "2025-06462")) == "FR Doc 2025-06462"
    acts = [
        law("executive_order", "EO 1"),
        law("executive_order", "EO 1 s. 2"),
        law("proclamation", "3"),
    ]
    assert (
        say_laws([law("csms", "9"), *acts, law("regulation", "4")]) == "EO 1 s. 2; Proclamation 3"
    )
    assert say_laws([law("other", "a"), law("docket", "b"), law("other", "c")]) == "a; b"


def test_goods_are_said_as_far_as_they_are_known():
    product = {
        "scope": "codes",
        "nomenclature": "HTS",
        "include": ["8703.22.01"],
        "except": ["8703.22.01.10", "8703.22.01.20", "8703.22.01.30", "8703.22.01.40"],
        "condition": "new_only",
    }
    said = told(measure("m", rate="9", product=product))
    assert "US duty on goods of China, new only (HTS 8703.22.01; except 8703.22.01.10, " in said
    assert "8703.22.01.30 and 1 more code)" in said
    many = {"kind": "country", "members": ["CN", "HK", "MO", "VN", "JP", "KR"]}
    assert "goods of China, Hong Kong, Macau and 3 more" in told(
        measure("m", rate="9", origin=many)
    )
    assert "(goods not stated)" in told(measure("m", product={"scope": "unknown"}))
    union = {"kind": "group", "members": ["EU"], "except": ["IE"]}
    assert "goods of the EU except Ireland: " in told(measure("m", rate="9", origin=union))


def test_a_single_code_needs_no_count_in_a_subject_line():
    product = {"scope": "codes", "nomenclature": "HTS", "include": ["8703.22.01"]}
    assert "(8703.22.01): none → 9 %" in headline(last(measure("m", rate="9", product=product)))


def test_a_floor_outside_the_us_is_not_held_against_column_1():
    floor = Duty.model_validate(percent("15", "total_floor"))
    assert say_rate(ENGLISH, floor, "EU") == "15 % in all (or the ordinary rate where higher)"
    assert say_rate(ENGLISH, None, "EU") == "rate not stated"
    assert "(or the ordinary" not in headline(change_of("us-jp-floor-15"))


def test_what_no_subject_line_holds_is_cut():
    """A duty of eight parts: neither without the programme nor without the day does it fit."""
    parts = [{"kind": "ad_valorem", "amount": f"{place}.125"} for place in range(10, 18)]
    said = headline(last(measure("m", duty={"basis": "additional", "components": parts})))
    assert said.startswith("US duty on goods of China: none → 10.125 % + ")
    assert said.endswith("…")
    assert len(said) <= LONGEST_HEADLINE


@pytest.mark.parametrize("given", [None, [], True, "x", "1e99", "NaN", "Infinity"])
def test_what_is_no_plain_figure_is_not_said_as_one(given):
    assert read_number(given) is None


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_shortened_text_is_one_line_that_fits_and_shows_its_cut(text, limit):
    found = shorten(text, limit)
    assert len(found) <= limit
    assert found.isprintable()
    assert found == " ".join(found.split())


@given(st.text(max_size=300), st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_whatever_an_event_says_the_sentence_is_one_line(scope, rate, programme):
    duty = {"components": [], "text": rate}
    product = {"scope": "described", "text": scope}
    change = last(measure("m", duty=duty, product=product, programme=programme))
    assert say(change).isprintable()
    assert len(headline(change)) <= LONGEST_HEADLINE


def test_the_source_of_events_is_not_said():
    assert SOURCE not in told(BASE)


def test_what_only_changes_the_past_says_what_is_law_now():
    def known(name, action, rate, start, when):
        data = measure(name, action, rate=rate, announced_at=start, effective_at=start)
        return entry(data, when)

    first = known("1", "imposed", "10", "2025-01-02", "2025-01-02")
    now = known("2", "increased", "30", "2025-04-02", "2025-04-02")
    late = known("3", "increased", "20", "2025-03-02", "2025-05-01")
    said = say(replay([first, now, late])[1][-1].change)
    assert "10 % → 20 %" in said
    assert "Law now: 30 %." in said
