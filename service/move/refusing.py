"""Why something is not done, and what to do about it."""

from service.log import LogLocked
from service.store.installation.fit import WrongLog


class CannotMove(WrongLog):
    """This installation cannot be moved there."""


class CannotAdopt(LogLocked):
    """This log cannot be adopted now."""
