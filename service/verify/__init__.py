"""Checking the books: whether everything adds up, and what does not.

`walk` goes through them in one reading session and so at one moment, while the service may run on.
`numbers` are dense, `events` have an outcome that fits, `changes` a cause and a fan-out, `alerts`
one end each; `decisions` of people are kept; `standings` are folded again and give what was
recorded; `places` compares bookmarks with the log, and says what has waited too long.
"""

from service.verify.books import Books
from service.verify.finding import Finding, Kind
from service.verify.walk import walk

__all__ = ["Books", "Finding", "Kind", "walk"]
