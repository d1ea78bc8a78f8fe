import inspect
import re

import pytest

import service.log
from service.log import LogError, LogLocked, LogUnavailable, open_log


def test_the_table_of_contents_names_all_that_is_defined_here():
    here = {
        name
        for name, value in vars(service.log).items()
        if getattr(value, "__module__", None) == "service.log" and not inspect.ismodule(value)
    }
    assert {*here, "Bookmark", "CHANGES", "Clock", "TOPICS"} == set(service.log.__all__)


def test_the_error_tree_is_drawn_as_it_is():
    drawn = re.findall(r"^[├└]── (\w+)", service.log.__doc__, re.MULTILINE)
    assert drawn == [error.__name__ for error in LogError.__subclasses__()]


def test_an_error_without_a_message_says_what_its_class_means():
    assert str(LogLocked()) == LogLocked.__doc__


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "carrier-pigeon:///log.db", "log.db"]
)
def test_an_unknown_url_is_refused_with_the_form_to_use(url, clock):
    with pytest.raises(LogUnavailable, match=r"sqlite:///tariffwire-log\.db"):
        open_log(url, clock)


def test_the_refusal_of_a_url_keeps_its_password_to_itself(clock):
    with pytest.raises(LogUnavailable) as refusal:
        open_log("pigeon://user:s3cret@loft:9092", clock)
    assert "s3cret" not in str(refusal.value)
