"""files of the cards that a campaign sends.

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("campaign_variant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("card_files", _JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("campaign_variant", schema=None) as batch_op:
        batch_op.alter_column("card_files", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("campaign_variant", schema=None) as batch_op:
        batch_op.drop_column("card_files")
