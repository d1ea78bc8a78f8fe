"""Notices: what owners are told that no change caused, each exactly once.

A clock looks, and every look may be any process's, late, or done twice: what was told is written in
the transaction that puts the notice into the queue.
"""
