"""What goods owe at an instant, and by which relations that is reckoned."""

from service.api.rates.memory import Memory
from service.api.rates.routes import answer, router

__all__ = ["Memory", "answer", "router"]
