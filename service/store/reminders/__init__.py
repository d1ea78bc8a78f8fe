"""What time will bring to each subject, when it is due, and how long before anybody wants it."""
