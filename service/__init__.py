"""tariffwire: tariff events in, signed webhooks and emails out; nothing lost, no noise, explained.

The journey, one line a stage. The same six nouns name the module, the table, the metric and the
API path; who knows them can find every line.

source    whoever posts events, or writes them to Kafka: `api/intake` accepts, a 202 means durable
event     `core/event` says what one is; `log` keeps it; `consumers/consumer.py` takes it up
change    `core/standing` folds what stands; `core/change/derive.py` compares it without and with
          the event; `store/standings/events.py` records outcome, change and bookmark at once
match     `core/match` decides who is told and why; `dispatch/plan.py` pages through them
delivery  `core/sentence` says it in the words of `core/language`, `core/message` makes a body or a
          mail of it; `dispatch/send.py` transmits
receipt   `core/sending/delivery.py` judges the reply; `store/delivery/settling.py` settles it

On the way out of the house twice: `dispatch/publish.py` writes changes to the log for readers
outside, and moves to it what the API kept in its outbox while the log was away.

Where people have the word: `core/sending/steering.py` says which, `store/steering` and
`store/again` keep it, `dispatch/chores.py` does what it means for many alerts, `api/steering` takes
it.

Where alerts wait to be told together: `core/sending/gathering.py` says for what, `store/gathering`
holds them and makes the bundle. Where one gives way to a newer one: `core/sending/superseding.py`.

What no change caused, and owners should know: `core/sending/notice.py` says it,
`runtime/owners.py` looks whom to tell, `store/notices` has it told once.

What goods are: `core/products` finds them by words, `core/catalogue` reads an owner's own,
`core/correlation.py` says what follows codes that change; `store/products` keeps both, and writes
the rules that they concern again. What goods owe, by all this: `core/rates` reckons it,
`store/rates` finds the measures that bear on them, `api/rates` answers.

Beside the journey: `runtime` puts everything together and runs the roles, `settings.py` reads
what can be set, `telemetry.py` logs and counts, `cli` is the command, `demo` the year 2025.
`verify` goes through the books, `move` takes an installation to other engines, `crash.py` names
the points at which tests kill a process. Engines are named only in `log/kafka`,
`log/embedded.py` and `store/engines`. Imports run one way:
cli → demo → runtime → (api | web | dispatch | move | verify | consumers) → store → log → core.
"""
