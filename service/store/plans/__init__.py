"""Who is told of a change: planned page by page, then published."""
