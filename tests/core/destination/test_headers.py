"""Headers of a destination's own: normalised, or refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.destination.headers import LONGEST_VALUE, MOST, RESERVED, BadHeader, check_headers


def test_names_are_lowered_and_values_trimmed():
    given_pairs = [("Authorization", " Bearer a.b-c== \t"), ("X_Team!", 'a "b", c\td')]
    wanted = (("authorization", "Bearer a.b-c=="), ("x_team!", 'a "b", c\td'))
    assert check_headers(given_pairs) == wanted
    assert check_headers(wanted) == wanted
    assert check_headers([]) == ()


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([("", "x")], "'' is not a header name; it takes letters"),
        ([("a b", "x")], "is not a header name"),
        ([("a:", "x")], "is not a header name"),
        ([("a\r\nb", "x")], "is not a header name"),
        ([("é", "x")], "is not a header name"),
        ([("\u212a", "x")], "is not a header name"),
        ([("x" * 101, "x")], "too long: at most 100"),
        ([("x", "")], "the value of x is empty"),
        ([("x", "  ")], "the value of x is empty"),
        ([("x", "a\r\ny: z")], "has line breaks"),
        ([("x", "a\x00")], "has line breaks"),
        ([("x", "é")], "letters outside ASCII"),
        ([("x", "a" * (LONGEST_VALUE + 1))], "the value of x is too long: at most 4096"),
        ([("x", "1"), ("X", "2")], "the header x is given twice; join its values"),
        ([(f"x{number}", "1") for number in range(MOST + 1)], "21 headers are too many"),
    ],
)
def test_a_bad_header_is_refused_with_a_reason(pairs, why):
    with pytest.raises(BadHeader, match=why):
        check_headers(pairs)


@pytest.mark.parametrize(
    "name",
    [*sorted(RESERVED), "Content-Length", "Content-X", "Webhook-Id", "Proxy-X", "HOST"],
)
def test_what_is_ours_to_say_is_refused(name):
    with pytest.raises(BadHeader, match=f"the header {name.lower()} is set by the sender itself"):
        check_headers([(name, "x")])


def test_a_value_is_never_repeated():
    with pytest.raises(BadHeader) as caught:
        check_headers([("authorization", "Bearer s3cret\n")])
    assert "s3cret" not in str(caught.value)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=4))
def test_any_headers_are_one_line_each_or_refused(pairs):
    try:
        checked = check_headers(pairs)
    except BadHeader:
        return
    for name, value in checked:
        line = f"{name}: {value}"
        assert line.isascii()
        assert line.splitlines() == [line]
        assert not name.startswith(("webhook-", "content-"))
    assert check_headers(checked) == checked
