"""A business's own goods: a CSV file read into codes with SKU and name, or row by row why not.

Nothing is guessed: a code that a spreadsheet has cut is answered with what it may have been.
"""

from service.core.catalogue.reading import Bad, Good, Reading, read_catalogue
from service.core.catalogue.table import BadTable

__all__ = ["Bad", "BadTable", "Good", "Reading", "read_catalogue"]
