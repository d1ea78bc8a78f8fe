"""Time as a source: what a standing's dates will bring, and the events that say it has come."""

from service.core.clock.reminders import Reminder, reminders_of, renewed
from service.core.clock.schedule import Plan, plan
from service.core.clock.turning import Turning, turnings_at, turnings_of
from service.core.clock.writing import write_tick

__all__ = [
    "Plan",
    "Reminder",
    "Turning",
    "plan",
    "reminders_of",
    "renewed",
    "turnings_at",
    "turnings_of",
    "write_tick",
]
