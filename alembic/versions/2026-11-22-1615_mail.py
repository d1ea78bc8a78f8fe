"""mail: who wants it, what came back.

Revision ID: 5a7e0c93d1b4
Revises: 8b41d7c2e5f6
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '5a7e0c93d1b4'
down_revision = '8b41d7c2e5f6'
branch_labels = None
depends_on = None


def _text(name: str, **more: bool) -> sa.Column:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    kind = AutoString(collation="C") if is_server else AutoString()
    return sa.Column(name, kind, **{"nullable": False, **more})


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, UTCDateTime(), nullable=nullable)


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        'consent',
        _text('id', primary_key=True),
        *(_text(name) for name in ('destination_id', 'address', 'act', 'note')),
        _instant('at'),
    )
    op.create_index('ix_consent_destination', 'consent', ['destination_id', 'id'])
    op.create_table(
        'invitation',
        sa.Column('id', sa.Uuid(), primary_key=True, nullable=False),
        *(_text(name) for name in ('destination_id', 'address')),
        _instant('asked_at'),
        _instant('visible_at', nullable=True),
        sa.Column('attempt', sa.Integer(), nullable=False),
        _text('said'),
    )
    op.create_index('ix_invitation_address', 'invitation', ['address', 'asked_at'])
    is_due = sa.text('visible_at IS NOT NULL')
    op.create_index(
        'ix_invitation_due',
        'invitation',
        ['visible_at'],
        sqlite_where=is_due,
        postgresql_where=is_due,
    )
    op.create_table(
        'suppression', _text('address', primary_key=True), _text('reason'), _instant('at')
    )
    op.create_table(
        'returned',
        sa.Column('delivery_id', sa.Uuid(), primary_key=True, nullable=False),
        *(_text(name) for name in ('kind', 'reason')),
        _instant('at'),
    )


def downgrade() -> None:
    """Take it back."""
    for table in ('returned', 'suppression', 'invitation', 'consent'):
        op.drop_table(table)
