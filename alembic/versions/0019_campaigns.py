"""campaigns.

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "campaign_recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )

    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("previous_category", sa.String(length=32), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("correct_category", sa.String(length=32), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "draft_components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column(
                "sample_files",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=False,
                server_default="{}",
            )
        )
        batch_op.add_column(sa.Column("author_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_template_author_id_account"), "account", ["author_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("template", schema=None) as batch_op:
        for name in ("previous_category", "correct_category", "sample_files"):
            batch_op.alter_column(name, server_default=None)

    op.create_table(
        "campaign_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_change")),
    )
    op.create_table(
        "message_price",
        sa.Column("market", sa.String(length=2), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("micros", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("market", "category", name=op.f("pk_message_price")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=True),
        sa.Column("audience", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("is_local", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_until", sa.String(length=5), nullable=False),
        sa.Column("late_policy", sa.String(length=8), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("test_share", sa.Integer(), nullable=False),
        sa.Column("winner_by", sa.String(length=8), nullable=False),
        sa.Column("decide_after", sa.Integer(), nullable=False),
        sa.Column("decide_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("winner_id", sa.Integer(), nullable=True),
        sa.Column("pause_cause", sa.String(length=32), nullable=False),
        sa.Column("pause_detail", sa.String(length=500), nullable=False),
        sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("built_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("copied_from", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_campaign_channel_id_channel"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["copied_from"],
            ["campaign.id"],
            name=op.f("fk_campaign_copied_from_campaign"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["account.id"], name=op.f("fk_campaign_created_by_account"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index(
            "ix_campaign_active",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('scheduled', 'asking', 'building', 'running', 'paused')"),
            postgresql_where=sa.text("state IN ('scheduled', 'asking', 'building', 'running', 'paused')"),
        )
        batch_op.create_index("ix_campaign_channel_id_state", ["channel_id", "state"], unique=False)
        batch_op.create_index("ix_campaign_created_at_id", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_campaign_created_by"), ["created_by"], unique=False)
        batch_op.create_index(
            "ix_campaign_scheduled",
            ["run_at"],
            unique=False,
            sqlite_where=sa.text("state = 'scheduled'"),
            postgresql_where=sa.text("state = 'scheduled'"),
        )

    op.create_table(
        "campaign_upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("headings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("phone_column", sa.String(length=120), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("bad_rows", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by"],
            ["account.id"],
            name=op.f("fk_campaign_upload_uploaded_by_account"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_upload")),
        sa.UniqueConstraint("key", name=op.f("uq_campaign_upload_key")),
    )
    op.create_table(
        "campaign_moment",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_moment_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "minute", "stage", name=op.f("pk_campaign_moment")),
    )
    op.create_table(
        "campaign_tally",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_tally_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "variant_id", "state", name=op.f("pk_campaign_tally")),
    )
    op.create_table(
        "campaign_upload_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("problem", sa.String(length=120), nullable=False),
        sa.Column("cells", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["campaign_upload.id"],
            name=op.f("fk_campaign_upload_row_upload_id_campaign_upload"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_upload_row")),
    )
    with op.batch_alter_table("campaign_upload_row", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_upload_row_upload_id_line", ["upload_id", "line"], unique=False)
        batch_op.create_index(
            "ix_campaign_upload_row_upload_id_number", ["upload_id", "number"], unique=False
        )

    op.create_table(
        "campaign_variant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=1), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("mapping", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("file_key", sa.String(length=32), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_variant_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["template.id"],
            name=op.f("fk_campaign_variant_template_id_template"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_variant")),
        sa.UniqueConstraint("campaign_id", "label", name=op.f("uq_campaign_variant_campaign_id_label")),
    )
    with op.batch_alter_table("campaign_variant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_variant_template_id"), ["template_id"], unique=False)

    op.create_table(
        "template_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("before", sa.String(length=32), nullable=False),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["account.id"],
            name=op.f("fk_template_event_author_id_account"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["template.id"],
            name=op.f("fk_template_event_template_id_template"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_event")),
    )
    with op.batch_alter_table("template_event", schema=None) as batch_op:
        batch_op.create_index("ix_template_event_template_id_id", ["template_id", "id"], unique=False)

    op.create_table(
        "campaign_recipient",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=False),
        sa.Column("columns", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clicked", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_recipient_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_campaign_recipient_contact_id_contact"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["campaign_variant.id"],
            name=op.f("fk_campaign_recipient_variant_id_campaign_variant"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_recipient")),
        sa.UniqueConstraint(
            "campaign_id", "contact_id", name=op.f("uq_campaign_recipient_campaign_id_contact_id")
        ),
    )
    with op.batch_alter_table("campaign_recipient", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_recipient_campaign_id_id", ["campaign_id", "id"], unique=False)
        batch_op.create_index(
            "ix_campaign_recipient_campaign_id_state_id", ["campaign_id", "state", "id"], unique=False
        )
        batch_op.create_index(
            "ix_campaign_recipient_contact_id_queued_at", ["contact_id", "queued_at"], unique=False
        )
        batch_op.create_index(
            "ix_campaign_recipient_due",
            ["campaign_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index("ix_campaign_recipient_message_id", ["message_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_template_author_id_account"), type_="foreignkey")
        batch_op.drop_column("submitted_at")
        batch_op.drop_column("author_id")
        batch_op.drop_column("sample_files")
        batch_op.drop_column("draft_components")
        batch_op.drop_column("paused_until")
        batch_op.drop_column("correct_category")
        batch_op.drop_column("previous_category")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("campaign_recipient_id")

    with op.batch_alter_table("campaign_recipient", schema=None) as batch_op:
        batch_op.drop_index("ix_campaign_recipient_message_id")
        batch_op.drop_index(
            "ix_campaign_recipient_due",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index("ix_campaign_recipient_contact_id_queued_at")
        batch_op.drop_index("ix_campaign_recipient_campaign_id_state_id")
        batch_op.drop_index("ix_campaign_recipient_campaign_id_id")

    op.drop_table("campaign_recipient")
    with op.batch_alter_table("template_event", schema=None) as batch_op:
        batch_op.drop_index("ix_template_event_template_id_id")

    op.drop_table("template_event")
    with op.batch_alter_table("campaign_variant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_variant_template_id"))

    op.drop_table("campaign_variant")
    with op.batch_alter_table("campaign_upload_row", schema=None) as batch_op:
        batch_op.drop_index("ix_campaign_upload_row_upload_id_number")
        batch_op.drop_index("ix_campaign_upload_row_upload_id_line")

    op.drop_table("campaign_upload_row")
    op.drop_table("campaign_tally")
    op.drop_table("campaign_moment")
    op.drop_table("campaign_upload")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_campaign_scheduled",
            sqlite_where=sa.text("state = 'scheduled'"),
            postgresql_where=sa.text("state = 'scheduled'"),
        )
        batch_op.drop_index(batch_op.f("ix_campaign_created_by"))
        batch_op.drop_index("ix_campaign_created_at_id")
        batch_op.drop_index("ix_campaign_channel_id_state")
        batch_op.drop_index(
            "ix_campaign_active",
            sqlite_where=sa.text("state IN ('scheduled', 'asking', 'building', 'running', 'paused')"),
            postgresql_where=sa.text("state IN ('scheduled', 'asking', 'building', 'running', 'paused')"),
        )

    op.drop_table("campaign")
    op.drop_table("message_price")
    op.drop_table("campaign_change")
