"""files of drafts, uploads that were never sent, and merges of contacts that can be undone.

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

import wapto_app.models.base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_UNSENT = sa.text("channel_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "contact_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("keep_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", wapto_app.models.base.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keep_id"], ["contact.id"], name=op.f("fk_contact_merge_keep_id_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_merge")),
    )
    with op.batch_alter_table("contact_merge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_merge_keep_id"), ["keep_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_merge_at"), ["at"], unique=False)

    op.create_table(
        "draft_file",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("media_id", wapto_app.models.base.BigId(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("voice", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "conversation_id"],
            ["message_draft.account_id", "message_draft.conversation_id"],
            name="fk_draft_file_message_draft",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["media_id"],
            ["media_file.id"],
            name=op.f("fk_draft_file_media_id_media_file"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "conversation_id", "media_id", name=op.f("pk_draft_file")),
    )
    with op.batch_alter_table("draft_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_file_media_id"), ["media_id"], unique=False)

    op.create_index(
        "ix_media_file_unsent", "media_file", ["id"], sqlite_where=_UNSENT, postgresql_where=_UNSENT
    )


def downgrade() -> None:
    op.drop_index("ix_media_file_unsent", table_name="media_file")
    op.drop_table("draft_file")
    op.drop_table("contact_merge")
