"""From events on the log to changes in the books: `consumer` reads, the handlers decide."""
