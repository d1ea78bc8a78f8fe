"""By what questions about rates find measures: an index of events, brought up to date when asked.

It follows the events by their number, which is given in the order of commits. So whoever wrote an
event (the release before this one, too), it is found; and recording costs nothing more.
"""
