"""Sending once more: what has ended (`resending`), or a change to one destination (`replaying`).

All of it enters the queue by `queueing`.
"""
