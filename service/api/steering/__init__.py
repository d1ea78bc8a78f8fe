"""What people may decide about alerts: one module a resource that they decide about.

`fanouts` has the word over telling a change, `again` sends what has ended once more, `mutes` keeps
a subject quiet, `reconcile` lists all that a destination was to get, `audit` says who did what.
"""
