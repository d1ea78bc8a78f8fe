"""superseding.

Revision ID: 7d2b94f0c6a8
Revises: 9d24b6f01c58
"""

import sqlalchemy as sa
from alembic import op


revision = '7d2b94f0c6a8'
down_revision = '9d24b6f01c58'
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _later(name: str, default: str) -> sa.Column:
    """A column that the release before does not know."""
    return sa.Column(name, TEXT, nullable=False, server_default=sa.text(f"'{default}'"))


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("subscription", _later("steps", "every"))
    op.add_column("attempt", _later("request", ""))
    op.add_column("attempt", _later("answered", ""))
    op.create_table(
        "superseded",
        sa.Column("delivery_id", sa.Uuid(), primary_key=True, nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=False),
    )
    op.create_index("ix_superseded_successor", "superseded", ["successor_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("superseded")
    op.drop_column("attempt", "answered")
    op.drop_column("attempt", "request")
    op.drop_column("subscription", "steps")
