"""How a measure bears on goods: read off its history, by the facts, and by the relations."""
