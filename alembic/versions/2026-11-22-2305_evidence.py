"""evidence: subscriptions as they were, and the key that signs.

Revision ID: 2f8d61c40e97
Revises: 4e81f0a7c25d
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


revision = '2f8d61c40e97'
down_revision = '4e81f0a7c25d'
branch_labels = None
depends_on = None


def _is_server() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _text(name: str, **more: bool) -> sa.Column:
    """Compared byte by byte on a server too."""
    kind = AutoString(collation="C") if _is_server() else AutoString()
    return sa.Column(name, kind, **{"nullable": False, **more})


def _instant(name: str) -> sa.Column:
    return sa.Column(name, UTCDateTime(), nullable=False)


def upgrade() -> None:
    """Bring the schema up; what stands is noted as found, since it was changed last."""
    op.create_table(
        'subscription_version',
        sa.Column(
            'id', sa.BigInteger().with_variant(sa.Integer, 'sqlite'), primary_key=True, nullable=False
        ),
        _text('subscription_id'),
        _text('account_id'),
        _instant('at'),
        _text('act'),
        _text('name'),
        _text('external_id', nullable=True),
        *(_text(name) for name in ('rule', 'labels', 'details', 'steps', 'state', 'destinations')),
    )
    op.create_index('ix_subscription_version', 'subscription_version', ['subscription_id', 'id'])
    op.create_index('ix_subscription_version_at', 'subscription_version', ['at'])
    op.create_table(
        'evidence_key',
        sa.Column('number', sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        *(_text(name) for name in ('public', 'sealed')),
        _instant('made_at'),
    )
    joined = (
        "string_agg(destination_id, ' ' ORDER BY destination_id)"
        if _is_server()
        else "group_concat(destination_id, ' ')"
    )
    op.execute(
        "INSERT INTO subscription_version (subscription_id, account_id, at, act, name, external_id,"
        " rule, labels, details, steps, state, destinations)"
        " SELECT id, account_id, updated_at, 'found', name, external_id, rule, labels, details,"
        f" steps, state, coalesce((SELECT {joined} FROM subscription_destination"
        " WHERE subscription_id = subscription.id), '') FROM subscription ORDER BY id"
    )


def downgrade() -> None:
    """Take it back."""
    for table in ('evidence_key', 'subscription_version'):
        op.drop_table(table)
