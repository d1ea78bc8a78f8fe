"""pace.

Revision ID: 8b1f0c6d2e47
Revises: 3c1e5a0f9b72
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '8b1f0c6d2e47'
down_revision = '3c1e5a0f9b72'
branch_labels = None
depends_on = None

# Compared byte by byte on a server too, as all text is.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INSTANT = sqlmodel.sql.sqltypes.UTCDateTime()
# Every default is the database's: the release before writes rows that do not know these columns.
COLUMNS = {
    "destination": (
        ("rate", sa.Float(), "0"),
        ("at_once", sa.Integer(), "0"),
        ("ordered", sa.Boolean(), "false"),
    ),
    "delivery": (
        ("kind", TEXT, "'webhook'"),
        ("urgency", sa.Integer(), "1"),
        ("number", sa.BigInteger(), "0"),
        ("lane", TEXT, "''"),
    ),
}
FILL = """
    UPDATE delivery SET
    kind = coalesce((SELECT kind FROM destination WHERE id = delivery.destination_id), 'webhook'),
    number = coalesce((SELECT number FROM alert WHERE id = delivery.id), 0)
"""
INDEXES = (
    ("ix_delivery_queue", "delivery", ["kind", "urgency", "visible_at", "number"], "lane = ''"),
    ("ix_delivery_lane", "delivery", ["lane", "urgency", "number"], "lane <> ''"),
    ("ix_delivery_destination", "delivery", ["destination_id", "lane", "lease"], None),
    ("ix_pace_look", "pace", ["look_at"], "look_at IS NOT NULL"),
    ("ix_pace_failing", "pace", ["failing_since"], "failing_since IS NOT NULL"),
)


def upgrade() -> None:
    """Bring the schema up."""
    for table, columns in COLUMNS.items():
        for name, kind, default in columns:
            column = sa.Column(name, kind, nullable=False, server_default=sa.text(default))
            op.add_column(table, column)
    op.execute(FILL)
    op.create_table(
        "pace",
        sa.Column("destination_id", TEXT, primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("rests_until", INSTANT, nullable=True),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("look_at", INSTANT, nullable=True),
    )
    for name, table, columns, where in INDEXES:
        condition = sa.text(where) if where else None
        op.create_index(
            name, table, columns, sqlite_where=condition, postgresql_where=condition
        )
    op.drop_index("ix_delivery_due", table_name="delivery")


def downgrade() -> None:
    """Take it back."""
    op.create_index("ix_delivery_due", "delivery", ["visible_at", "id"])
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_table("pace")
    for table, columns in COLUMNS.items():
        for name, _, _ in columns:
            op.drop_column(table, name)
