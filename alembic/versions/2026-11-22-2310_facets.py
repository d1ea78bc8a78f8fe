"""facets: what matching reads of each change, and the words by which a preview finds it.

Nothing is filled in here: a process of the release before may still record changes without. Those
are taken up by whoever previews first.

Revision ID: 3e81c07ad5f2
Revises: 2f8d61c40e97
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '3e81c07ad5f2'
down_revision = '2f8d61c40e97'
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    kind = AutoString(collation="C") if is_server else AutoString()
    return sa.Column(name, kind, nullable=nullable, primary_key=primary_key)


def _number() -> sa.Column:
    return sa.Column(
        'number', sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False
    )


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        'change_outline',
        _number(),
        sa.Column('at', UTCDateTime(), nullable=False),
        _text('mode'),
        _text('subject'),
        _text('kinds'),
        _text('certainty'),
        _text('delta_pp', nullable=True),
        _text('new_pp', nullable=True),
        _text('on_day'),
        _text('about'),
        sa.Column('lead', sa.Integer(), nullable=True),
        sa.Column('of_clock', sa.Boolean(), nullable=False),
    )
    op.create_index('ix_change_outline_subject', 'change_outline', ['subject', 'number'])
    op.create_table(
        'change_facet', _text('word', primary_key=True), _number(), sqlite_with_rowid=False
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table('change_facet')
    op.drop_table('change_outline')
