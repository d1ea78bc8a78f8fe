"""echoes: which event names which, and the other subjects in which it counts.

Revision ID: 9a3c5e71d8f4
Revises: b41f6c0e92d7
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString


revision = '9a3c5e71d8f4'
down_revision = 'b41f6c0e92d7'
branch_labels = None
depends_on = None

LONGEST = 2_500  # bytes of a name that an index takes


def _is_server() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _key(name: str) -> sa.Column:
    """Compared byte by byte on a server too."""
    kind = AutoString(collation="C") if _is_server() else AutoString()
    return sa.Column(name, kind, primary_key=True, nullable=False)


def _number(name: str, **more: bool) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=False, **more)


def upgrade() -> None:
    """Bring the schema up; what is recorded counts elsewhere from now on."""
    op.create_table(
        'mention',
        _key('named_source'),
        _key('named_id'),
        _number('number', primary_key=True, autoincrement=False),
    )
    op.create_table(
        'echo',
        _key('subject'),
        _number('number', primary_key=True, autoincrement=False),
        _number('since'),
    )
    op.create_index('ix_mention_number', 'mention', ['number'])
    op.create_index('ix_echo_number', 'echo', ['number'])
    op.drop_index('ix_event_waiting', 'event')
    _index_waiting('number')
    _enter_mentions()
    _enter_echoes()


def _enter_mentions() -> None:
    """Page by page: every event may hold these words, and there may be millions."""
    connection = op.get_bind()
    connection.execute(_MENTION_VERDICTS)
    stated, after = sa.text(_STATED_ON_SERVER if _is_server() else _STATED), 0
    while rows := connection.execute(stated, {"after": after}).all():
        named = [one for row in rows for one in _mentions(*row)]
        if named:
            connection.execute(_MENTION, named)
        after = rows[-1].number


def _mentions(number: int, body: bytes) -> Iterator[dict[str, Any]]:
    data = json.loads(bytes(body))["data"]
    references = [data[name] for name in ("realises", "withdraws") if data.get(name)]
    for source, name in {(one["source"], one["id"]): None for one in references}:
        if len((source + name).encode()) <= LONGEST:
            yield {"source": source, "name": name, "number": number}


_MENTION_VERDICTS = sa.text(
    "INSERT INTO mention (named_source, named_id, number)"
    " SELECT about_source, about_id, number FROM event"
    " WHERE about_id IS NOT NULL"
)
_STATED = (
    "SELECT number, body FROM event WHERE number > :after AND type = 'tariff.measure'"
    " AND (instr(body, CAST('\"realises\"' AS BLOB)) > 0"
    " OR instr(body, CAST('\"withdraws\"' AS BLOB)) > 0)"
    " ORDER BY number LIMIT 1000"
)
_STATED_ON_SERVER = (
    "SELECT number, body FROM event WHERE number > :after AND type = 'tariff.measure'"
    " AND (position(CAST('\"realises\"' AS bytea) IN body) > 0"
    " OR position(CAST('\"withdraws\"' AS bytea) IN body) > 0)"
    " ORDER BY number LIMIT 1000"
)
_MENTION = sa.text(
    "INSERT INTO mention (named_source, named_id, number) VALUES (:source, :name, :number)"
)


def _enter_echoes() -> None:
    """What carries out or takes back, then the verdicts on that, and those on the verdicts.

    From the next event on: those that are there were folded without.
    """
    connection = op.get_bind()
    connection.execute(_ECHO_MEASURES)
    while connection.execute(_ECHO_VERDICTS).rowcount:
        pass
    connection.execute(_COUNT)


_ECHO_MEASURES = sa.text(
    "INSERT INTO echo (subject, number, since)"
    " SELECT DISTINCT named.subject, event.number, (SELECT max(number) + 1 FROM event)"
    " FROM event"
    " JOIN mention ON mention.number = event.number"
    " JOIN event AS named"
    " ON named.source = mention.named_source AND named.id = mention.named_id"
    " WHERE event.type = 'tariff.measure' AND named.type = 'tariff.measure'"
    " AND event.handling <> 'test' AND named.handling <> 'test'"
    " AND named.subject <> event.subject"
)
_ECHO_VERDICTS = sa.text(
    "INSERT INTO echo (subject, number, since)"
    " SELECT DISTINCT echo.subject, event.number, (SELECT max(number) + 1 FROM event)"
    " FROM echo"
    " JOIN event AS assessed ON assessed.number = echo.number"
    " JOIN mention"
    " ON mention.named_source = assessed.source AND mention.named_id = assessed.id"
    " JOIN event ON event.number = mention.number"
    " WHERE event.type = 'claim.assessed' AND event.subject IS NOT NULL"
    " AND event.handling <> 'test'"
    " AND NOT EXISTS (SELECT 1 FROM echo AS held"
    " WHERE held.subject = echo.subject AND held.number = event.number)"
)
_COUNT = sa.text(
    "UPDATE subject SET events = events"
    " + (SELECT count(*) FROM echo WHERE echo.subject = subject.key)"
    " WHERE key IN (SELECT subject FROM echo)"
)


def downgrade() -> None:
    """Take it back."""
    op.execute(
        "UPDATE subject SET events = events"
        " - (SELECT count(*) FROM echo WHERE echo.subject = subject.key)"
        " WHERE key IN (SELECT subject FROM echo)"
    )
    op.drop_table('echo')
    op.drop_table('mention')
    op.drop_index('ix_event_waiting', 'event')
    _index_waiting('about_source', 'about_id')


def _index_waiting(*columns: str) -> None:
    is_waiting = sa.text("outcome = 'waiting'")
    op.create_index(
        'ix_event_waiting',
        'event',
        list(columns),
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )
