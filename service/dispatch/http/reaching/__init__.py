"""From a host to a connection: its name, the guard, a proxy if there is one, and TLS."""
