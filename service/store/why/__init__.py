"""Reading what became of one event on its way to one destination, for whoever asks why."""
