"""What matching reads of each change, kept beside it: so that a rule can be tried on history."""
