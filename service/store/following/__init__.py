"""Who follows what, and where they are told: subscriptions, destinations and their secrets."""
