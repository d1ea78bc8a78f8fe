"""What an operator can extend: relations between measures, coverage, and known gaps."""
