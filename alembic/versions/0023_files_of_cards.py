"""files of cards, the category of an edit, and which template a message is.

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_OF_TEMPLATE = sa.text("template_id IS NOT NULL")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "message_file",
        sa.Column("message_id", _BIG, nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("media_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["media_id"],
            ["media_file.id"],
            name=op.f("fk_message_file_media_id_media_file"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_message_file_message_id_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "place", name=op.f("pk_message_file")),
    )
    with op.batch_alter_table("message_file", schema=None) as batch_op:
        batch_op.create_index("ix_message_file_media_id", ["media_id"], unique=False)

    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("draft_category", sa.String(length=32), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("submitting_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.alter_column("draft_category", server_default=None)

    op.add_column("message", sa.Column("template_id", sa.Integer(), nullable=True))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    template = (
        "json_extract(content, '$.template_id')" if is_sqlite else "CAST(content->>'template_id' AS INTEGER)"
    )
    op.execute(
        f"UPDATE message SET template_id = {template} WHERE type = 'template' AND direction = 'outbound'"
    )
    op.create_index(
        "ix_message_template_id_at",
        "message",
        ["template_id", "at"],
        sqlite_where=_OF_TEMPLATE,
        postgresql_where=_OF_TEMPLATE,
    )


def downgrade() -> None:
    op.drop_index("ix_message_template_id_at", "message")
    op.drop_column("message", "template_id")
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.drop_column("submitting_at")
        batch_op.drop_column("draft_category")
    op.drop_table("message_file")
