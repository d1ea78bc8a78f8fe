"""The books: tables, and functions named after the question they answer.

`database` opens the engine that a URL names, `tables` says what is kept. Store functions take a
session, and return frozen values rather than rows.
"""
