"""products: catalogues of owners, and codes that change.

Revision ID: b41f6c0e92d7
Revises: 4b7e10c9d2f6
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = 'b41f6c0e92d7'
down_revision = '4b7e10c9d2f6'
branch_labels = None
depends_on = None

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def _text(name: str, **more: bool) -> sa.Column:
    """Compared byte by byte on a server too."""
    is_server = op.get_bind().dialect.name == "postgresql"
    kind = AutoString(collation="C") if is_server else AutoString()
    return sa.Column(name, kind, **{"nullable": False, **more})


def _instant(name: str, **more: bool) -> sa.Column:
    return sa.Column(name, UTCDateTime(), **{"nullable": False, **more})


def _number(name: str, **more: bool) -> sa.Column:
    return sa.Column(name, sa.Integer(), **{"nullable": False, **more})


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        'catalogue',
        _text('id', primary_key=True),
        *(_text(name) for name in ('account_id', 'name', 'nomenclature')),
        _number('rows'),
        _number('codes'),
        _text('sha256'),
        _instant('created_at'),
        _instant('updated_at'),
    )
    op.create_index('uq_catalogue_name', 'catalogue', ['account_id', 'name'], unique=True)
    op.create_table(
        'catalogue_good',
        _text('catalogue_id', primary_key=True),
        _number('line', primary_key=True, autoincrement=False),
        *(_text(name) for name in ('code', 'sku', 'name')),
    )
    op.create_index('ix_catalogue_good_code', 'catalogue_good', ['catalogue_id', 'code'])
    op.create_table(
        'catalogue_follower',
        _text('catalogue_id', primary_key=True),
        _text('subscription_id', primary_key=True),
    )
    op.create_index('ix_catalogue_follower', 'catalogue_follower', ['subscription_id'])
    op.create_table(
        'correlation',
        *(_text(name, primary_key=name == 'id') for name in ('id', 'nomenclature', 'title')),
        sa.Column('effective', sa.Date(), nullable=False),
        _number('rows'),
        _text('sha256'),
        _instant('loaded_at'),
        _text('cursor'),
        _number('told'),
        _instant('due_at', nullable=True),
    )
    op.create_index('uq_correlation_sha256', 'correlation', ['sha256'], unique=True)
    is_due = sa.text('due_at IS NOT NULL')
    op.create_index(
        'ix_correlation_due',
        'correlation',
        ['due_at'],
        sqlite_where=is_due,
        postgresql_where=is_due,
    )
    op.create_table(
        'correlation_row',
        sa.Column('id', _COUNTED, primary_key=True, nullable=False),
        *(_text(name) for name in ('correlation_id', 'old', 'new', 'kind')),
    )
    op.create_index('ix_correlation_row', 'correlation_row', ['correlation_id', 'old'])
    op.create_table(
        'code_change',
        _text('subscription_id', primary_key=True),
        _text('correlation_id', primary_key=True),
        *(_text(name) for name in ('account_id', 'word')),
        _instant('told_at'),
        _instant('decided_at', nullable=True),
    )
    op.create_index('ix_code_change_correlation', 'code_change', ['correlation_id'])
    is_coded = sa.text("code <> ''")
    op.create_index(
        'ix_filter_by_goods',
        'filter',
        ['code', 'subscription_id'],
        sqlite_where=is_coded,
        postgresql_where=is_coded,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index('ix_filter_by_goods', 'filter')
    for table in (
        'code_change',
        'correlation_row',
        'correlation',
        'catalogue_follower',
        'catalogue_good',
        'catalogue',
    ):
        op.drop_table(table)
