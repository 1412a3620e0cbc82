"""what segments ask of campaigns stands in one index; the country of a file's numbers.

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["campaign_id", "state", "id", "contact_id", "replied_at"]
    op.create_index("ix_campaign_recipient_fate", "campaign_recipient", columns)
    op.drop_index("ix_campaign_recipient_campaign_id_state_id", "campaign_recipient")
    with op.batch_alter_table("campaign_upload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("region", sa.String(length=2), nullable=False, server_default=""))
    with op.batch_alter_table("campaign_upload", schema=None) as batch_op:
        batch_op.alter_column("region", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("campaign_upload", schema=None) as batch_op:
        batch_op.drop_column("region")
    op.create_index(
        "ix_campaign_recipient_campaign_id_state_id", "campaign_recipient", ["campaign_id", "state", "id"]
    )
    op.drop_index("ix_campaign_recipient_fate", "campaign_recipient")
