"""time: when the books came to hold an event, and what time itself will bring.

Revision ID: 4e81f0a7c25d
Revises: 7c2d91e05b6a
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '4e81f0a7c25d'
down_revision = '7c2d91e05b6a'
branch_labels = None
depends_on = None


def _text(name: str, **more: bool) -> sa.Column:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    kind = AutoString(collation="C") if is_server else AutoString()
    return sa.Column(name, kind, **{"nullable": False, **more})


def _instant(name: str, **more: bool) -> sa.Column:
    return sa.Column(name, UTCDateTime(), **{"nullable": False, **more})


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column('event', sa.Column('recorded_at', UTCDateTime(), nullable=True))
    op.create_table(
        'reminder',
        _text('subject', primary_key=True),
        _text('turn', primary_key=True),
        _instant('at', primary_key=True),
        _text('handling'),
        _instant('since'),
        _instant('due_at'),
    )
    op.create_index('ix_reminder_due', 'reminder', ['due_at'])
    op.create_table(
        'lead_time',
        sa.Column('days', sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        _instant('since'),
        sa.Column('is_spread', sa.Boolean(), nullable=False),
    )
    _enter_leads()


def _enter_leads() -> None:
    """Rules that state lead times get the rows by which these are found."""
    connection = op.get_bind()
    stated = sa.text("SELECT id, rule FROM subscription WHERE rule LIKE '%lead_times%'")
    rows = [
        {"subscription": subscription, "code": str(days)}
        for subscription, rule in connection.execute(stated)
        for days in sorted(set(json.loads(rule).get("lead_times", ())))
    ]
    if rows:
        connection.execute(_ENTER, rows)


_ENTER = sa.text(
    'INSERT INTO "filter" (subscription_id, layer, importer, origin, code, nomenclature, subject,'
    " possible) VALUES (:subscription, 'lead', '', '', :code, '', '', false)"
)


def downgrade() -> None:
    """Take it back."""
    op.execute("DELETE FROM \"filter\" WHERE layer = 'lead'")
    op.drop_table('lead_time')
    op.drop_table('reminder')
    op.drop_column('event', 'recorded_at')
