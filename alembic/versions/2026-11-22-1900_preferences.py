"""preferences.

Revision ID: 61c0f7a92e3d
Revises: 5a7e0c93d1b4
"""

import sqlalchemy as sa
from alembic import op


revision = '61c0f7a92e3d'
down_revision = '5a7e0c93d1b4'
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the schema up."""
    column = sa.Column("preferences", TEXT, nullable=False, server_default=sa.text("''"))
    op.add_column("destination", column)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("destination", "preferences")
