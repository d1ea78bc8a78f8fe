"""A destination: its address and the guard over it, its secrets, and what its owner asks for."""
