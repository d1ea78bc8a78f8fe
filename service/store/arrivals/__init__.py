"""What comes in: the outbox before the log, bookmarks behind it, and what could not be taken."""
