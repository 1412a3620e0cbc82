"""people's messages leave before those of campaigns.

Revision: 0020, after 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Spelled as in services.outbox.claims; SQLite cannot reflect an index over an expression, so this is not generated.
_WAITING = "status IN ('queued', 'sending')"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_message_waiting_sorted ON message "
        f"(channel_id, (campaign_recipient_id IS NOT NULL), id) WHERE {_WAITING}"
    )
    op.execute("DROP INDEX ix_message_waiting")


def downgrade() -> None:
    op.execute(f"CREATE INDEX ix_message_waiting ON message (channel_id, id) WHERE {_WAITING}")
    op.execute("DROP INDEX ix_message_waiting_sorted")
