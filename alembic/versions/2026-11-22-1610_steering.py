"""steering: what people decide about alerts.

Revision ID: 8b41d7c2e5f6
Revises: 8d4b7c19e5a2
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '8b41d7c2e5f6'
down_revision = '8d4b7c19e5a2'
branch_labels = None
depends_on = None

COUNTER = "audit"
ADDED = (("alert", "cause"), ("fanout", "state"), ("fanout", "reason"))


def _text() -> AutoString:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    return AutoString(collation="C") if is_server else AutoString()


def _column(name: str, kind: sa.types.TypeEngine, **more: bool) -> sa.Column:
    return sa.Column(name, kind, **{"nullable": False, **more})


def upgrade() -> None:
    """Bring the schema up. The release before writes no new column: each has a default."""
    op.create_table(
        'audit',
        _column('number', sa.BigInteger(), autoincrement=False, primary_key=True),
        _column('at', UTCDateTime()),
        *(_column(name, _text()) for name in ('who', 'action', 'object', 'detail')),
    )
    op.create_index('ix_audit_at', 'audit', ['at'])
    op.create_index('ix_audit_object', 'audit', ['object', 'number'])
    op.create_table(
        'errand',
        _column('object', _text(), primary_key=True),
        *(_column(name, _text()) for name in ('kind', 'who', 'reason')),
        _column('since', UTCDateTime(), nullable=True),
        _column('cursor', sa.BigInteger()),
        _column('done', sa.Integer()),
        _column('aloft', sa.Integer()),
        _column('waiting', sa.Integer()),
        _column('begun_at', UTCDateTime()),
        _column('due_at', UTCDateTime(), nullable=True),
    )
    is_due = sa.text('due_at IS NOT NULL')
    op.create_index(
        'ix_errand_due', 'errand', ['due_at'], sqlite_where=is_due, postgresql_where=is_due
    )
    op.create_table(
        'former_receipt',
        _column('delivery_id', sa.Uuid(), primary_key=True),
        _column('number', sa.Integer(), primary_key=True),
        *(_column(name, _text()) for name in ('outcome', 'reason', 'sha256')),
        _column('attempts', sa.Integer()),
        _column('finished_at', UTCDateTime()),
    )
    op.create_table(
        'mute',
        _column('id', _text(), primary_key=True),
        *(_column(name, _text()) for name in ('account_id', 'destination_id', 'subject')),
        *(_column(name, _text()) for name in ('note', 'who')),
        _column('until', UTCDateTime()),
        _column('created_at', UTCDateTime()),
        _column('except_critical', sa.Boolean()),
    )
    op.create_index('ix_mute_subject', 'mute', ['subject', 'until'])
    for table, name in ADDED:
        op.add_column(table, sa.Column(name, _text(), server_default='', nullable=False))
    unfinished = sa.Column('is_unfinished', sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column('fanout', unfinished)
    has_state = sa.text("state <> ''")
    op.create_index(
        'ix_fanout_state',
        'fanout',
        ['state', 'number'],
        sqlite_where=has_state,
        postgresql_where=has_state,
    )
    op.execute(f"INSERT INTO counter (name, last) VALUES ('{COUNTER}', 0)")


def downgrade() -> None:
    """Take it back."""
    op.execute(f"DELETE FROM counter WHERE name = '{COUNTER}'")
    op.drop_index('ix_fanout_state', table_name='fanout')
    for table, name in (*ADDED, ("fanout", "is_unfinished")):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(name)
    for table in ('mute', 'former_receipt', 'errand', 'audit'):
        op.drop_table(table)
