"""campaign cursor.

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_campaign_recipient_replied", ["campaign_id", "id"], "replied_at IS NOT NULL"),
    ("ix_campaign_recipient_clicked", ["campaign_id", "id"], "clicked_at IS NOT NULL"),
)


def upgrade() -> None:
    op.create_table(
        "campaign_cursor",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_campaign_cursor")),
    )
    for name, columns, where in _INDEXES:
        condition = sa.text(where)
        op.create_index(
            name, "campaign_recipient", columns, sqlite_where=condition, postgresql_where=condition
        )


def downgrade() -> None:
    for name, _columns, _where in _INDEXES:
        op.drop_index(name, "campaign_recipient")
    op.drop_table("campaign_cursor")
