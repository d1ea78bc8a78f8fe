"""A change as one sentence that a trader would write, and as a subject line."""
