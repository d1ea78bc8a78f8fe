"""How fast each destination is sent to, and when patience with it ends."""
