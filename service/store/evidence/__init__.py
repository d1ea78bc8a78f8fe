"""What proves, later, what was told and why: rules as they were, the signing key, the books."""
