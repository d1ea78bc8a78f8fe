"""The US tariff schedule as the USITC exports it, understood as measures.

`rows` reads an export, `lines` finds what stands on each line of eight digits, `cell` reads a rate,
`special` the column of preferences with `programmes`, `measures` makes measures of it all, and
`revision` says which events bring the books from one revision to the next.
"""

from service.core.schedule.cell import read_cell
from service.core.schedule.lines import Line, Lines, find_lines
from service.core.schedule.measures import MFN, PROGRAMMES, ScheduleMeasure, Sheet, measures_of
from service.core.schedule.revision import (
    KEYS,
    Revision,
    lost_lines,
    on_lines_of,
    read_held,
    steps_between,
)
from service.core.schedule.rows import Row, WrongSchedule, read_rows

__all__ = [
    "KEYS",
    "MFN",
    "PROGRAMMES",
    "Line",
    "Lines",
    "Revision",
    "Row",
    "ScheduleMeasure",
    "Sheet",
    "WrongSchedule",
    "find_lines",
    "lost_lines",
    "measures_of",
    "on_lines_of",
    "read_cell",
    "read_held",
    "read_rows",
    "steps_between",
]
