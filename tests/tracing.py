"""Measuring coverage of threads that use greenlets must not hang the run.

A thread that ends leaves its greenlet to the main thread, which forgets it between two
instructions: in what CPython calls a pending call. Coverage keeps greenlets in a WeakKeyDictionary,
whose callback is then traced there. If another thread ends at that very moment, CPython 3.11 traces
the callback's first instruction for ever: it wants to do the second pending call first, which waits
for the first. A callback that is no Python code is not traced.
"""

import sys
import weakref


class ForCoverage(weakref.WeakKeyDictionary):
    """As its parent, but what coverage makes forgets without running Python.

    Coverage never iterates over it, which would ask for more care.
    """

    def __init__(self, *given) -> None:
        super().__init__(*given)
        if sys._getframe(1).f_globals.get("__name__") == "coverage.collector":
            self._remove = self.data.pop


weakref.WeakKeyDictionary = ForCoverage
