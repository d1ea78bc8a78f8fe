"""gathering: what waits for others, and what is told together.

Revision ID: 9d24b6f01c58
Revises: 61c0f7a92e3d
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '9d24b6f01c58'
down_revision = '61c0f7a92e3d'
branch_labels = None
depends_on = None


def _text(name: str, *, primary_key: bool = False) -> sa.Column:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    kind = AutoString(collation="C") if is_server else AutoString()
    return sa.Column(name, kind, nullable=False, primary_key=primary_key)


def _id(name: str) -> sa.Column:
    return sa.Column(name, sa.Uuid(), primary_key=True, nullable=False)


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        'gathered',
        _id('delivery_id'),
        _text('destination_id'),
        _text('cause'),
        sa.Column('due_at', UTCDateTime(), nullable=True),
    )
    is_due = sa.text('due_at IS NOT NULL')
    op.create_index(
        'ix_gathered_due',
        'gathered',
        ['due_at'],
        sqlite_where=is_due,
        postgresql_where=is_due,
    )
    op.create_index('ix_gathered_cause', 'gathered', ['destination_id', 'cause'])
    op.create_table(
        'carried',
        _id('alert_id'),
        _id('member_id'),
        sa.Column('place', sa.Integer(), nullable=False),
    )
    op.create_index('ix_carried_member', 'carried', ['member_id'])
    op.create_table(
        'tally',
        _text('destination_id', primary_key=True),
        sa.Column('hour', UTCDateTime(), nullable=False),
        sa.Column('sent', sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Take it back."""
    for table in ('tally', 'carried', 'gathered'):
        op.drop_table(table)
