"""What is known: events with their outcome, histories of subjects, and the changes made."""
