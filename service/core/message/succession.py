"""The words of a notice that codes change: old → what follows, from when, and what to do."""

from collections.abc import Iterable, Iterator

from service.core.codes import format_product
from service.core.language import ENGLISH, Tongue
from service.core.message.contents import SAID_LINE
from service.core.message.wording import Deed, Said
from service.core.sending.notice import ChangedCode, CodeChanged, NamedCode
from service.core.sentence.phrase import join_codes, say_quoted, shorten

SAID_CODES = 10
SAID_HEIRS = 4
_NAME = 60


def say_code_change(one: CodeChanged, tongue: Tongue = ENGLISH) -> Said:
    """For whoever is told for this subscription."""
    day, subject = tongue.date(one.effective), _say_subject(tongue, one)
    heirs = _say_heirs(tongue, one.codes[0])
    return Said(
        subject,
        tongue.say("{codes}: {heirs}.", codes=subject, heirs=heirs),
        tuple(_facts(tongue, one, day)),
        tongue.say(
            "This is a change of codes, of no duty. Until you decide, alerts come for the old codes"
            " and, from {day} on, for those that follow them.",
            day=day,
        ),
        tuple(_deeds(tongue, one)),
        tongue.say(
            "You are told because your subscription {name} follows these codes.", name=_name(one)
        ),
    )


def _say_subject(tongue: Tongue, one: CodeChanged) -> str:
    day, more = tongue.date(one.effective), len(one.codes) - 1 + one.codes_more
    code = f"{one.nomenclature} {format_product(one.codes[0].code)}"
    if not more:
        return tongue.say("{code} changes on {day}", code=code, day=day)
    return tongue.count(
        "{code} and {n} more of your codes change on {day}",
        "{code} and {n} more of your codes change on {day}",
        more,
        code=code,
        day=day,
    )


def _facts(tongue: Tongue, one: CodeChanged, day: str) -> Iterator[tuple[str, str]]:
    name = ", ".join(dict.fromkeys((_name(one), one.subscription)))
    yield tongue.say("Subscription"), name
    if one.title:
        yield tongue.say("By"), shorten(one.title, SAID_LINE)
    yield tongue.say("From"), day
    for code in one.codes[:SAID_CODES]:
        yield format_product(code.code), _say_change(tongue, code)
    if left := len(one.codes[SAID_CODES:]) + one.codes_more:
        number = tongue.number(left)
        said = tongue.say("{number}, see the list of code changes below", number=number)
        yield tongue.say("Further codes"), said


def _say_change(tongue: Tongue, code: ChangedCode) -> str:
    said = say_quoted(tongue, code.description, _NAME)
    if code.old != code.code:
        said = tongue.say("{text} (through {code})", text=said, code=format_product(code.old))
    if not code.following:
        return tongue.say("{label}: {value}", label=said, value=_say_none(tongue, code))
    heirs = [_describe(tongue, one) for one in code.following[:SAID_HEIRS]]
    return _say_arrow(tongue, said, heirs, code)


def _describe(tongue: Tongue, one: NamedCode) -> str:
    code = format_product(one.code)
    if not one.description:
        return code
    return tongue.say("{code} ({text})", code=code, text=say_quoted(tongue, one.description, _NAME))


def _say_heirs(tongue: Tongue, code: ChangedCode) -> str:
    """Of the first code alone, so it is named: the others may have others."""
    if not code.following:
        return _say_none(tongue, code)
    heirs = [format_product(one.code) for one in code.following[:SAID_HEIRS]]
    return _say_arrow(tongue, format_product(code.code), heirs, code)


def _say_arrow(tongue: Tongue, old: str, heirs: Iterable[str], code: ChangedCode) -> str:
    new = join_codes(tongue, heirs, len(code.following) - SAID_HEIRS)
    return tongue.say("{old} → {new}", old=old, new=new)


def _say_none(tongue: Tongue, code: ChangedCode) -> str:
    name = format_product(code.code)
    if code.is_retired:
        return tongue.say("{code} is retired, and nothing follows", code=name)
    return tongue.say("you follow already what takes the place of {code}", code=name)


def _name(one: CodeChanged) -> str:
    return shorten(one.subscription_name, SAID_LINE) or one.subscription


def _deeds(tongue: Tongue, one: CodeChanged) -> Iterator[Deed]:
    path = f"/v1/subscriptions/{one.subscription}/code-changes"
    for what, word in (
        (tongue.say("To go on with the new codes alone"), "accept"),
        (tongue.say("To go on with the old codes alone"), "decline"),
    ):
        command = f"tariffwire subscriptions {word}-codes {one.subscription}"
        body = f'{{"decision": "{word}", "correlation": "{one.correlation}"}}'
        yield Deed(what, f"{command} --correlation {one.correlation}", "POST", path, body)
    listing = f"tariffwire subscriptions code-changes {one.subscription}"
    yield Deed(tongue.say("To see every code that changes"), listing, "GET", path)
