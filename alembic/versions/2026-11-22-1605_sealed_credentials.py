"""sealed credentials.

The column `secrets` stays, for a release before this one that still runs: what it writes there is
read beside what is sealed.

Revision ID: 8d4b7c19e5a2
Revises: 8b1f0c6d2e47
"""

import sqlalchemy as sa
from alembic import op


revision = '8d4b7c19e5a2'
down_revision = '8b1f0c6d2e47'
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("destination", sa.Column("sealed", TEXT, nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("destination", "sealed")
