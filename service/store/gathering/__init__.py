"""Alerts that wait for others, or for an hour, and then leave together.

`waiting` takes them out of the queue when they are claimed, `bundling` makes one alert of those
that are due, `carried` knows which alert carries which, and `leaving` what waits no more. The
rules: `core/sending/gathering.py`.
"""
