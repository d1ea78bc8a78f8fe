"""The installation itself: where its database lives, what it belongs to, and what it remembers."""
