"""files of cards, and the category of an edit.

Revision: 0021, after 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

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
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.alter_column("draft_category", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.drop_column("draft_category")
    op.drop_table("message_file")
