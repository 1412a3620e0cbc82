"""the line of a conversation.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEX = "ix_message_waiting_conversation"


def upgrade() -> None:
    _make_again("lower(status) IN ('queued', 'sending')")


def downgrade() -> None:
    _make_again("status IN ('queued', 'sending')")


def _make_again(where: str) -> None:
    condition = sa.text(where)
    op.drop_index(INDEX, "message")
    op.create_index(
        INDEX, "message", ["conversation_id", "id"], sqlite_where=condition, postgresql_where=condition
    )
