"""What goes out: the change that an event makes, its kinds, and how soon a person should look."""

from service.core.change.change import (
    Change,
    Kind,
    Severity,
    change_id,
    read_change,
    write_change,
)

__all__ = ["Change", "Kind", "Severity", "change_id", "read_change", "write_change"]
