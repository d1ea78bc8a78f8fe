"""What holds for every stream of events, however odd."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.certainty import Certainty
from service.core.change import change_id, read_change, write_change
from service.core.change.derive import Outcome, derive, weigh
from service.core.event import Action, ClaimAssessed, Stage, Verdict, read_event
from service.core.standing import standing
from service.core.standing.history import Entry, History
from tests.core.builders import SUBJECT, TRACK, claim, history, measure, percent, ref, replay, step

START = datetime(2025, 1, 1, tzinfo=UTC)
LATE = START + timedelta(days=400)
LAW = ["instrument", "announced"]
THREATS = ["threatened", "threat_withdrawn"]
few = settings(max_examples=60, deadline=None)

days = st.integers(0, 30)
rates = st.sampled_from(["0", "5", "10", "25", "33.5"])
asked = st.integers(-2, 40).map(lambda day: START + timedelta(days=day))
some_bases = st.sampled_from(["additional", "component_total", "additional_in_lieu", "total_floor"])
some_goods = st.sampled_from(
    [{"scope": "all"}, {"scope": "codes", "include": ["8703"]}, {"scope": "described", "text": "x"}]
)


def day_text(day, whole):
    """A day, or an instant on it."""
    at = START + timedelta(days=day)
    return at.date().isoformat() if whole else at.isoformat()


def optional(drawn):
    return st.none() | drawn


@st.composite
def measures(draw, name, earlier, actions=tuple(Action), certainties=tuple(Certainty)):
    """Any measure event; it may carry out or take back an earlier one."""
    fields = {
        "action": draw(st.sampled_from(actions)),
        "certainty": draw(st.sampled_from(certainties)),
        "product": draw(some_goods),
        "stayed": draw(optional(st.booleans())),
    }
    for field in ("announced_at", "effective_at"):
        if (day := draw(optional(days))) is not None:
            fields[field] = day_text(day, draw(st.booleans()))
    for field in ("until", "expires_at"):
        if (day := draw(optional(days))) is not None:
            fields[field] = day_text(day + 40, draw(st.booleans()))
    if (rate := draw(optional(rates))) is not None:
        fields["duty"] = percent(rate, draw(some_bases))
    if earlier and (field := draw(st.sampled_from([None, "realises", "withdraws"]))):
        fields[field] = ref(draw(st.sampled_from(earlier)))
    if fields["action"] in THREATS and draw(st.booleans()):
        fields["condition"] = {"text": "unless", "deadline": day_text(draw(days), whole=True)}
    return measure(name, **fields)


@st.composite
def verdicts(draw, name, earlier, kinds=tuple(Verdict)):
    return claim(
        name,
        draw(st.sampled_from(earlier)),
        draw(st.sampled_from(kinds)),
        certainty=draw(st.sampled_from(Certainty)),
    )


@st.composite
def steps(draw, name, _earlier):
    fields = {"certainty": draw(st.sampled_from(Certainty))}
    if draw(st.booleans()):
        fields["occurs_at"] = day_text(draw(days), whole=True)
    if draw(st.booleans()):
        fields["terms"] = {"rate": draw(rates)}
    return step(name, draw(st.sampled_from(Stage)), **fields)


@st.composite
def streams(draw, facts=measures, claims=verdicts, largest=8):
    """Facts and claims about them, known in the order given, often on the same day."""
    entries, names, known = [], [], START
    for place in range(draw(st.integers(1, largest))):
        name = f"{draw(st.sampled_from('abc'))}{place}"
        makes = claims if names and claims and draw(st.integers(0, 3)) == 0 else facts
        given_event = draw(makes(name, names))
        known += timedelta(days=draw(st.integers(0, 4)))
        entries.append(Entry(read_event(given_event), known, known))
        names.append(name)
    return entries


def law_of(held, at):
    view = standing(held, at, LATE)
    return view.law if view else ()


@few
@given(streams(), asked, asked)
def test_an_event_twice_changes_nothing(entries, at, known_at):
    once = history(*entries)
    for entry in entries:
        twice = once.with_entry(entry)
        assert standing(twice, at, known_at) == standing(once, at, known_at)
        derived = weigh(entry, once)
        assert (derived.outcome, derived.change) == (Outcome.DUPLICATE, None)
        assert derived.history is once


def only_law(name, earlier):
    return measures(name, earlier, [one for one in Action if one not in THREATS], LAW)


def talk(name, earlier):
    """A threat however official, a report, a step in talks, a verdict that is no retraction."""
    threats = measures(name, earlier, THREATS)
    reports = measures(name, earlier, certainties=[one for one in Certainty if one not in LAW])
    said = verdicts(name, earlier, ["confirmed", "denied", "disputed"])
    return st.one_of(threats, reports, steps(name, earlier), *([said] if earlier else []))


@few
@given(streams(only_law, None), st.data(), asked)
def test_no_stream_of_threats_talks_and_verdicts_moves_a_rate(law, data, at):
    held = history(*law)
    before = law_of(held, at)
    names = [entry.event.id for entry in law]
    for place in range(data.draw(st.integers(1, 6))):
        said = read_event(data.draw(talk(f"t{place}", names)))
        known = START + timedelta(days=data.draw(st.integers(0, 40)))
        derived = weigh(Entry(said, known, known), held)
        if derived.change:
            assert derived.change.old == derived.change.new
            assert derived.change.delta_pp is None
        held = derived.history
        names.append(said.id)
    assert law_of(held, at) == before


@few
@given(streams(), st.data(), asked)
def test_a_retraction_equals_the_fold_without_that_event(entries, data, at):
    place = data.draw(st.integers(0, len(entries) - 1))
    gone = entries[place]
    retraction = Entry(read_event(claim("r", gone.event.id)), LATE, LATE)
    others = entries[:place] + entries[place + 1 :]
    without = standing(history(*others), at, LATE)
    assert standing(history(*entries, retraction), at, LATE) == without
    assert standing(history(*entries).with_entry(retraction), at, LATE) == without


@few
@given(streams(), st.data(), asked, asked)
def test_order_of_arrival_changes_nothing_but_what_was_known_when(entries, data, at, known_at):
    shuffled = data.draw(st.permutations(entries))
    one_by_one = History(SUBJECT)
    for entry in shuffled:
        one_by_one = one_by_one.with_entry(entry)
    as_told = standing(history(*entries), at, known_at)
    assert standing(history(*shuffled), at, known_at) == as_told
    assert standing(one_by_one, at, known_at) == as_told


@few
@given(streams(steps), st.data(), asked)
def test_order_of_arrival_changes_no_track_either(entries, data, known_at):
    one_by_one = History(TRACK)
    for entry in data.draw(st.permutations(entries)):
        one_by_one = one_by_one.with_entry(entry)
    as_told = standing(history(*entries, subject=TRACK), known_at, known_at)
    assert standing(one_by_one, known_at, known_at) == as_told


@few
@given(streams(), asked, asked)
def test_the_past_as_then_known_is_the_fold_of_what_was_then_known(entries, at, known_at):
    then = [entry for entry in entries if entry.known_at <= known_at]
    assert standing(history(*entries), at, known_at) == standing(history(*then), at, LATE)


@few
@given(streams())
def test_what_is_derived_one_by_one_is_what_the_whole_history_says(entries):
    held, _ = replay(entries)
    plain = history(*entries)
    for day in range(-1, 40, 3):
        at = START + timedelta(days=day)
        assert standing(held, at, LATE) == standing(plain, at, LATE)


def check_changes(entries, subject):
    held, derived = replay(entries, subject)
    changes = [one.change for one in derived if one.change]
    assert [one.sequence for one in changes] == list(range(1, len(changes) + 1))
    assert held.sequence == len(changes)
    earlier = [None]
    for change in changes:
        assert change.id == change_id(change.event, subject)
        assert change.previous in earlier
        assert (change.previous is None) == (earlier == [None])
        assert read_change(write_change(change)) == change
        assert write_change(read_change(write_change(change))) == write_change(change)
        earlier.append(change.id)
    assert all(one.reason for one in derived)
    assert replay(entries, subject)[1] == derived


@few
@given(streams())
def test_changes_of_a_measure_are_counted_threaded_kept_and_derived_alike(entries):
    check_changes(entries, SUBJECT)


@few
@given(streams(steps))
def test_changes_of_a_track_are_counted_threaded_kept_and_derived_alike(entries):
    check_changes(entries, TRACK)


@few
@given(streams())
def test_tests_alert_and_touch_nothing(entries):
    *others, last = entries
    held, _ = replay(others)
    trial = replace(last, event=handled(last.event, "test"))
    derived = weigh(trial, held)
    assert derived.history is held
    assert derive(trial, held) == derived.change
    if derived.change:
        assert (derived.change.sequence, derived.change.mode) == (0, "test")


@few
@given(streams())
def test_history_alerts_nobody_and_builds_the_same_standing(entries):
    silent = [replace(entry, event=handled(entry.event, "history")) for entry in entries]
    held, derived = replay(silent)
    assert {one.outcome for one in derived} == {Outcome.HISTORY}
    assert held.sequence == 0
    assert standing(held, LATE, LATE) == standing(history(*entries), LATE, LATE)


@few
@given(streams(), st.data(), asked, asked)
def test_what_is_said_elsewhere_ends_a_claim_as_if_it_were_said_here(entries, data, at, known_at):
    """Whichever of the events other subjects are about; and the law is what is said here."""
    own = [one for one in entries if data.draw(st.booleans())]
    echoes = tuple(one for one in entries if one not in own)
    held, alone, whole = (
        History(SUBJECT, tuple(own), echoes=echoes),
        history(*own),
        history(*entries),
    )
    heard = History(SUBJECT)
    for entry in data.draw(st.permutations(entries)):
        heard = heard.with_entry(entry) if entry in own else heard.with_echo(entry)
    view, apart, together = (standing(one, at, known_at) for one in (held, alone, whole))
    assert standing(heard, at, known_at) == view
    if view is None:
        assert apart is None
        return
    names = {one.identity for one in own}
    of_own = tuple(one for one in together.claims if one.cause in names)
    assert [(one.cause, one.state, one.ended_by, one.verdict) for one in view.claims] == [
        (one.cause, one.state, one.ended_by, one.verdict) for one in of_own
    ]
    if not any(isinstance(one.event.data, ClaimAssessed) for one in echoes):
        assert view.law == apart.law


def handled(event, handling):
    return read_event(event.model_dump(mode="json", exclude_none=True) | {"handling": handling})


# The fold, written a second time for the actions whose reading is plain: every event is asked
# anew what it says of the instant, and no account is kept.

PLAIN = ["increased", "decreased", "suspended", "resumed", "terminated"]


@st.composite
def plain_measures(draw, name, earlier):
    action = draw(st.sampled_from(PLAIN)) if earlier else "imposed"
    fields = {"effective_at": day_text(draw(days), whole=False)}
    if action == "imposed":
        fields["announced_at"] = day_text(-1, whole=False)  # before all else, in fold order too
    if action in {"imposed", "increased", "decreased"}:
        fields["rate"] = draw(rates)
    if action not in {"resumed", "terminated"} and draw(st.booleans()):
        fields["until"] = day_text(draw(st.integers(31, 36)), whole=False)
    return measure(name, action, **fields)


def read_again(told, at):
    """Status and what is payable, by looking at every event each time."""
    term = None
    for place, one in enumerate(told):
        if one.duty and covers(one, at) and not is_replaced(one, told[place + 1 :]):
            term = one if term is None or start(one) >= start(term) else term
    starts = [start(one) for one in told if one.duty]
    ends = [start(one) for one in told if one.action == "terminated"]
    if ends and ends[-1] <= at:
        return ("never_implemented" if ends[-1] <= min(starts) else "terminated", None)
    ahead = any(start(one) > at for one in told if one.duty)
    if (term or ahead) and any(since <= at < until for since, until in pauses_left(told)):
        return ("suspended", None)
    if term:
        return ("in_force", term.duty.percent)
    return ("scheduled" if ahead else "expired", None)


def in_order(entry):
    return (entry.event.data.action != "imposed", entry.known_at, entry.event.id)


def start(one):
    return one.effective_at.at


def covers(one, at):
    return start(one) <= at and (one.until is None or at < one.until.at)


def is_replaced(one, later):
    """A later text for the same start, unless it is only for a time and this one is not."""
    return any(
        other.duty and start(other) == start(one) and (not other.until or one.until)
        for other in later
    )


def pauses_left(told):
    """A resumption ends the pause that runs and what follows on it; else it takes back the next."""
    left = []
    for one in told:
        if one.action == "suspended":
            left.append((start(one), one.until.at if one.until else LATE))
        if one.action == "resumed":
            at = start(one)
            over = follow_on([pause for pause in left if pause[0] < at < pause[1]], left)
            over = over or [pause for pause in left if pause[0] >= at]
            left = [
                (since, min(until, at)) if (since, until) in over else (since, until)
                for since, until in left
            ]
    return left


def follow_on(running, pauses):
    """Those that run, and whatever begins by the time the last of them ends."""
    found = list(running)
    while found and (
        more := [
            one
            for one in pauses
            if one not in found and found[0][0] <= one[0] <= max(until for _, until in found)
        ]
    ):
        found += more
    return found


@settings(max_examples=200, deadline=None)
@given(streams(plain_measures, verdicts), asked)
def test_the_fold_equals_a_naive_reading_of_all_events(entries, at):
    retracted = {}
    for entry in reversed(entries):  # here a claim is always about an earlier event
        data = entry.event.data
        if getattr(data, "verdict", None) == "retracted" and entry.event.id not in retracted:
            retracted[data.about.id] = True
    facts = [entry for entry in entries if entry.event.type == "tariff.measure"]
    told = [
        entry.event.data for entry in sorted(facts, key=in_order) if entry.event.id not in retracted
    ]
    view = standing(history(*entries), at, LATE)
    if not any(one.duty for one in told):
        assert view is None or view.applied is None
        return
    status, payable = read_again(told, at)
    assert view.status == status
    assert (view.applied.percent if view.applied else None) == payable
    assert payable is None or isinstance(payable, Decimal)
