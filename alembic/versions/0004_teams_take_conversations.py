"""teams take conversations.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HELD = sa.text("status <> 'resolved'")
_TAKES_NEW = sa.text("takes_new")


def upgrade() -> None:
    op.create_index(
        "ix_conversation_held", "conversation", ["assignee_id"], sqlite_where=_HELD, postgresql_where=_HELD
    )
    with op.batch_alter_table("team", schema=None) as batch_op:
        batch_op.add_column(sa.Column("takes_new", sa.Boolean(), nullable=False, server_default=sa.false()))
    # The default was for the rows that are there already.
    with op.batch_alter_table("team", schema=None) as batch_op:
        batch_op.alter_column("takes_new", server_default=None)
        batch_op.create_index(
            "uq_team_takes_new",
            ["takes_new"],
            unique=True,
            sqlite_where=_TAKES_NEW,
            postgresql_where=_TAKES_NEW,
        )


def downgrade() -> None:
    with op.batch_alter_table("team", schema=None) as batch_op:
        batch_op.drop_index("uq_team_takes_new", sqlite_where=_TAKES_NEW, postgresql_where=_TAKES_NEW)
        batch_op.drop_column("takes_new")
    op.drop_index("ix_conversation_held", "conversation", sqlite_where=_HELD, postgresql_where=_HELD)
