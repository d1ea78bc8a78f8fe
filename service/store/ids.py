"""Ids that sort by the time they were made, and cannot be guessed."""

import secrets
from datetime import datetime

RANDOM_BYTES = 8


def new_id(prefix: str, now: datetime) -> str:
    """Such as `sub_019a8f2c4b1d5e6f7a8b9c0d`: milliseconds, then chance."""
    return f"{prefix}_{int(now.timestamp() * 1000):012x}{secrets.token_hex(RANDOM_BYTES)}"
