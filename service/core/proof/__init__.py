"""Signatures that others can check: of webhooks, of mails, and of the links in them."""
