"""The rules of the domain, pure: no await, no clock, no I/O (stdlib and pydantic only)."""
