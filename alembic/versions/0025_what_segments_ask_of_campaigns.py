"""what segments ask of campaigns stands in indexes alone.

Revision: 0025, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

_MARKS = ("replied", "clicked")


def upgrade() -> None:
    columns = ["campaign_id", "state", "id", "contact_id", "replied_at"]
    op.create_index("ix_campaign_recipient_fate", "campaign_recipient", columns)
    op.drop_index("ix_campaign_recipient_campaign_id_state_id", "campaign_recipient")
    _mark_indexes(["campaign_id", "id", "contact_id"])


def downgrade() -> None:
    _mark_indexes(["campaign_id", "id"])
    op.create_index(
        "ix_campaign_recipient_campaign_id_state_id", "campaign_recipient", ["campaign_id", "state", "id"]
    )
    op.drop_index("ix_campaign_recipient_fate", "campaign_recipient")


def _mark_indexes(columns: list[str]) -> None:
    for mark in _MARKS:
        name, where = f"ix_campaign_recipient_{mark}", sa.text(f"{mark}_at IS NOT NULL")
        op.drop_index(name, "campaign_recipient")
        op.create_index(name, "campaign_recipient", columns, sqlite_where=where, postgresql_where=where)
