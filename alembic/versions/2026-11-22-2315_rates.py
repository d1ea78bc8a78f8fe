"""rates.

Revision ID: 4b7e10c9d2f6
Revises: 3e81c07ad5f2
"""

import sqlalchemy as sa
from alembic import op


revision = '4b7e10c9d2f6'
down_revision = '3e81c07ad5f2'
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the schema up; the index is filled by the first question about a rate."""
    op.create_table(
        "reached",
        sa.Column("name", TEXT, primary_key=True, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "reach",
        sa.Column("importer", TEXT, primary_key=True, nullable=False),
        sa.Column("code", TEXT, primary_key=True, nullable=False),
        sa.Column("origin", TEXT, primary_key=True, nullable=False),
        sa.Column("subject", TEXT, primary_key=True, nullable=False),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("reach")
    op.drop_table("reached")
