"""what stands between the messages of a thread, and its files.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SHOWN = sa.text("kind NOT IN ('inbound_started', 'first_reply', 'reply')")
_FILES = sa.text("media_id IS NOT NULL")
_PLACE = ["conversation_id", "at", "id"]


def upgrade() -> None:
    op.create_index(
        "ix_desk_event_thread", "desk_event", _PLACE, sqlite_where=_SHOWN, postgresql_where=_SHOWN
    )
    op.create_index("ix_message_files", "message", _PLACE, sqlite_where=_FILES, postgresql_where=_FILES)


def downgrade() -> None:
    op.drop_index("ix_message_files", "message")
    op.drop_index("ix_desk_event_thread", "desk_event")
