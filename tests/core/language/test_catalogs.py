"""The catalogs say all that the code says, with all its places, and nothing beside."""

import os
import re

import pytest

from service.core.language.catalog import Language, read_catalog, translations
from tests.core.language.collected import collect, renew

FOREIGN = [one for one in Language if one is not Language.ENGLISH]
PLACE = re.compile(r"\{(\w+)\}")
SAME = {"[TEST] {subject}", "Information", "info"}


@pytest.fixture(params=FOREIGN, scope="module")
def language(request):
    if os.environ.get("TARIFFWIRE_GOLDEN") == "write":
        renew(request.param)
    return request.param


@pytest.fixture
def messages(language):
    return [one for one in read_catalog(language) if one.id]


def forms(value):
    return value if isinstance(value, tuple | list) else (value,)


def test_a_catalog_holds_what_the_code_says_and_nothing_else(messages):
    held = {(one.context or "", forms(one.id)[0]): one for one in messages}
    assert held.keys() == collect().keys()
    for text, plural in collect().items():
        assert forms(held[text].id)[1:] == ((plural,) if plural else ())


def test_no_message_is_untranslated_or_in_doubt(messages):
    assert [one.id for one in messages if not all(forms(one.string)) or one.fuzzy] == []


def test_no_place_is_lost_or_renamed(messages):
    for one in messages:
        wanted = {frozenset(PLACE.findall(text)) for text in forms(one.id)}
        assert len(wanted) == 1
        for said in forms(one.string):
            assert {frozenset(PLACE.findall(said))} == wanted, one.id


def test_no_brace_is_anything_but_a_place(messages):
    for one in messages:
        for said in (*forms(one.id), *forms(one.string)):
            assert not set("{}") & set(PLACE.sub("", said)), said


def test_what_ends_with_a_full_stop_does_so_in_every_language(messages, language):
    stop = "。" if language is Language.JAPANESE else "."
    for one in messages:
        for said, stated in zip(forms(one.string), forms(one.id), strict=False):
            if stated.endswith(".") and stop == ".":
                assert said.endswith((".", "?")), stated


def test_japanese_has_none_of_our_punctuation():
    for one in read_catalog(Language.JAPANESE):
        for said in forms(one.string) if one.id else ():
            assert not re.search(r"[぀-ヿ一-鿿][,:;(]", said), said


def test_what_is_said_in_the_plural_is_so_in_german_and_not_in_japanese():
    lanes = ("{n} tariff change", "{n} tariff changes")
    german, japanese = translations(Language.GERMAN), translations(Language.JAPANESE)
    assert german.ngettext(*lanes, 1) == "{n} Zolländerung"
    assert german.ngettext(*lanes, 2) == "{n} Zolländerungen"
    assert japanese.ngettext(*lanes, 1) == japanese.ngettext(*lanes, 2)
