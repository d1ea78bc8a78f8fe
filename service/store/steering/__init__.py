"""What people decide about alerts, and what it does to the books.

`stops` has the word over a fan-out: `halting` and `recalling` do what follows for its alerts,
`muting` keeps a subject quiet. Whatever concerns many alerts is an errand (`errands`): a row with a
cursor, done in pages (`pages`) that commit one by one, so that a crash resumes at the page. Every
decision leaves a deed (`deeds`); `books` reads all of it for whoever checks.
"""
