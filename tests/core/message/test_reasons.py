"""Why somebody is told, as `core/match` writes it and as each language says it."""

from itertools import product

import pytest

from service.core.certainty import Certainty
from service.core.event import Verdict
from service.core.language import ENGLISH, Language, tongue_for
from service.core.match import Match, facts_of, match
from service.core.match.following import follow
from service.core.match.subscription import Rule
from service.core.message.reasons import say_reason
from tests.core.builders import claim, entry, measure, ref, replay, step, threat
from tests.core.match.test_following import TOLD, changes
from tests.core.sentence.test_due import struck

GERMAN, JAPANESE = tongue_for(Language.GERMAN), tongue_for(Language.JAPANESE)


@pytest.mark.parametrize(
    ("reason", "german", "japanese"),
    [
        (
            "the US levies it; it is on goods of China; it names your 8703.23",
            "erhoben von den USA; betrifft Waren aus China; nennt Ihre 8703.23",
            "米国が課税、中国原産品が対象、登録品目8703.23を明記",
        ),
        (
            "it is on goods of Germany (in the EU)",
            "betrifft Waren aus Deutschland (gehört zu der EU)",
            "ドイツ原産品が対象（EUの一員）",
        ),
        (
            "it is on goods of every origin, so of the Netherlands too",
            "betrifft Waren aller Ursprungsländer, also auch aus den Niederlanden",
            "全ての国・地域の原産品が対象のため、オランダ原産品も該当",
        ),
        (
            (
                "your 8703.23 lies within its 8703, and so for 2 more of your codes; compared on"
                " six digits, as the nomenclatures differ"
            ),
            (
                "Ihre 8703.23 fällt unter 8703, ebenso 2 weitere Ihrer Warennummern; auf sechs"
                " Stellen verglichen, da die Nomenklaturen abweichen"
            ),
            (
                "登録品目8703.23は対象品目8703に含まれる、ほか登録品目2件も同様、"
                "品目表が異なるため6桁で照合"
            ),
        ),
        (
            "it is on all goods, so on your 8703, 8704, 8705 and 3 more too",
            "betrifft alle Waren, also auch Ihre 8703, 8704, 8705 und 3 weitere",
            "全品目が対象のため、登録品目8703, 8704, 8705ほか3件も該当",
        ),
        (
            "the US and China are party to these talks",
            "die USA und China als Parteien dieser Gespräche",
            "米国、中国が協議の当事者",
        ),
        (
            (
                "it names your 8703.23.02 (which follows your 8703.23.01), and so for 2 more of"
                " your codes"
            ),
            (
                "nennt Ihre 8703.23.02 (Nachfolger Ihrer 8703.23.01), ebenso 2 weitere Ihrer"
                " Warennummern"
            ),
            "登録品目8703.23.02を明記（登録品目8703.23.01の後継）、ほか登録品目2件も同様",
        ),
        (
            "you were told on 7 Sep 2025 of the rumour that this denies",
            "am 7. Sept. 2025 wurde Ihnen das Gerücht mitgeteilt, hiermit dementiert",
            "2025年9月7日に通知したうわさを否定",
        ),
        (
            "you were told on 12 Apr 2025 of the threat that has lapsed",
            "am 12. Apr. 2025 wurde Ihnen die Drohung mitgeteilt, inzwischen verfallen",
            "2025年4月12日に通知した警告が失効",
        ),
        ("words of old", "words of old", "words of old"),
        ("Atlantis levies it", "erhoben von Atlantis", "Atlantisが課税"),
        (
            "Atlantis is party to these talks",
            "Atlantis als Partei dieser Gespräche",
            "Atlantisが協議の当事者",
        ),
    ],
)
def test_a_reason_is_read_and_said_again(reason, german, japanese):
    assert say_reason(ENGLISH, reason) == reason
    assert say_reason(GERMAN, reason) == german
    assert say_reason(JAPANESE, reason) == japanese


LANES = [
    {"importer": "US", "origin": "CN", "product": {"nomenclature": "HTS", "codes": ["87032301"]}},
    {"country": "CN"},
    {"product": {"codes": ["8703", "870322"]}, "programmes": ["S301-test"]},
    {"product": {"nomenclature": "CN", "codes": ["87032390"]}},
    {"measures": ["us-test-cn"]},
    {"country": "US"},
    {},
]
PRODUCTS = [
    {"scope": "all"},
    {"scope": "codes", "nomenclature": "HTS", "include": ["87032301", "870322"]},
    {"scope": "described", "text": "cars"},
]
ORIGINS = [{"kind": "country", "members": ["CN"]}, {"kind": "all"}]


def reasons():
    for goods in PRODUCTS:
        for origin in ORIGINS:
            yield from _of(measure("m", rate="9", product=goods, origin=origin), LANES)
    talks = [{"country": "CN"}, {"party": "US"}, {"importer": "US", "origin": "CN"}]
    yield from _of(step("s", "outreach"), talks, "track:CN-US")


def _of(event, lanes, subject="measure:us-test-cn"):
    change = replay([entry(event, "2025-04-02")], subject)[1][-1].change
    for lane in lanes:
        found = match(facts_of(change), Rule.model_validate({"lanes": [lane], "possible": True}))
        if isinstance(found, Match):
            yield found.reason


def follows():
    """Whoever was told of the first is told of the second."""
    firsts = [
        *(changes(measure("1", certainty=one.value, rate="9"))[0] for one in Certainty),
        *(changes(threat("1", certainty=one))[0] for one in ("reported", "rumour")),
        *(changes(threat("1"), claim("2", "1", one))[1] for one in Verdict),
    ]
    back = {"certainty": "official_statement", "withdraws": ref("1")}
    seconds = [
        changes(threat("1", rate="9"), measure("2", rate="9", realises=ref("1")))[1],
        changes(threat("1", rate="9"), measure("2", "threat_withdrawn", **back))[1],
        *(changes(threat("1"), claim("2", "1", one))[1] for one in Verdict),
        struck([threat("t", rate="50", condition={"deadline": "2025-04-09"})]),
    ]
    for second, first in product(seconds, firsts):
        yield follow(second, first, TOLD).reason


def heirs():
    """A code of the lane was split."""
    lane = {"nomenclature": "HTS", "codes": ["87032300"]}
    heir = {"of": "87032300", "code": "87032301", "since": "2025-01-01", "ends": True}
    yield from _of(
        measure("m", rate="9", product=PRODUCTS[1]), [{"product": lane | {"heirs": [heir]}}]
    )


def test_whatever_a_match_says_is_said_in_other_languages():
    said = {*reasons(), *follows(), *heirs()}
    assert len(said) > 80
    for reason in said:
        for clause in reason.split("; "):
            assert say_reason(GERMAN, clause) != clause, clause
            assert say_reason(JAPANESE, clause) != clause, clause
