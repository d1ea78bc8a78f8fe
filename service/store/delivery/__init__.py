"""Deliveries: queued, claimed, sent, settled or held, and read again."""
