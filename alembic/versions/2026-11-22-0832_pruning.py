"""pruning.

Revision ID: 3c1e5a0f9b72
Revises: fd5cfc0aa515
"""

import sqlalchemy as sa
from alembic import op


revision = '3c1e5a0f9b72'
down_revision = 'fd5cfc0aa515'
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_change_recorded", "change", "recorded_at", None),
    ("ix_alert_created", "alert", "created_at", None),
    ("ix_attempt_full", "attempt", "at", "(timings <> '{}' OR length(response) > 0)"),
    ("ix_quarantine_settled", "quarantine", "at", "state <> 'open'"),
)


def upgrade() -> None:
    """Bring the schema up."""
    for name, table, column, where in INDEXES:
        condition = sa.text(where) if where else None
        op.create_index(
            name, table, [column], sqlite_where=condition, postgresql_where=condition
        )


def downgrade() -> None:
    """Take it back."""
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table_name=table)
