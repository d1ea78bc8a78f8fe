"""notices: what owners are told that no change caused.

Revision ID: 7c2d91e05b6a
Revises: 7d2b94f0c6a8
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '7c2d91e05b6a'
down_revision = '7d2b94f0c6a8'
branch_labels = None
depends_on = None


def _text(name: str, **more: bool) -> sa.Column:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    kind = AutoString(collation="C") if is_server else AutoString()
    return sa.Column(name, kind, **{"nullable": False, **more})


def _instant(name: str) -> sa.Column:
    return sa.Column(name, UTCDateTime(), nullable=False)


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        'notice',
        sa.Column('id', sa.Uuid(), primary_key=True, nullable=False),
        *(_text(name) for name in ('kind', 'body')),
        _instant('at'),
    )
    op.create_index('ix_notice_at', 'notice', ['at'])
    op.create_table(
        'trouble',
        _text('destination_id', primary_key=True),
        _instant('since'),
        sa.Column('step', sa.Integer(), nullable=False),
        _text('word'),
        sa.Column('is_enabled', sa.Boolean(), nullable=False),
    )
    op.create_table(
        'beat',
        _text('destination_id', primary_key=True),
        _instant('since'),
        sa.Column('after', sa.BigInteger(), nullable=False),
        _instant('due_at'),
    )
    op.create_index('ix_beat_due_at', 'beat', ['due_at'])


def downgrade() -> None:
    """Take it back."""
    for table in ('beat', 'trouble', 'notice'):
        op.drop_table(table)
