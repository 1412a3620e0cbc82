"""how many conversations each agent holds is counted in the index alone.

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_HELD = sa.text("status <> 'resolved'")


def upgrade() -> None:
    _make("assignee_id", "status")


def downgrade() -> None:
    _make("assignee_id")


def _make(*columns: str) -> None:
    op.drop_index("ix_conversation_held", "conversation", sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_index(
        "ix_conversation_held", "conversation", list(columns), sqlite_where=_HELD, postgresql_where=_HELD
    )
