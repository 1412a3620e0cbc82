"""Campaigns: one approved template for many people, one row for each of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class CampaignState(StrEnum):
    """Life of a campaign.

    ``DRAFT`` → ``SCHEDULED`` or at once → ``BUILDING`` (its recipients are being written down) → ``RUNNING`` ⇄
    ``PAUSED`` → ``FINISHED``. ``ASKING``: its time passed while Wapto was down, and a person decides. ``CANCELLED`` is
    final; what was sent stays sent.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ASKING = "asking"
    BUILDING = "building"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class LatePolicy(StrEnum):
    """What happens to a scheduled campaign whose time passed while Wapto was down."""

    SEND = "send"
    ASK = "ask"


class Campaign(SQLModel, table=True):
    """What goes to whom, when and how fast.

    ``audience`` has the shape of ``services.campaigns.audience``. ``run_at`` is the moment of a scheduled campaign;
    with ``is_local`` it is read as a wall clock in ``time_zone`` and happens at that clock in each recipient's own
    zone. ``quiet_from`` and ``quiet_until`` are "HH:MM" on the recipient's clock, empty for none. ``rate`` is the
    most messages per second, None for what the number may. ``pause_cause`` is a word of
    ``services.campaigns.causes``, empty for a pause made by a person; ``waiting_until`` is when it goes on by itself.
    A/B: ``test_share`` percent get the variants, ``winner_by`` (``read`` or ``reply``) decides at ``decide_at``,
    ``decide_after`` minutes after the last of the test was handed over, and the rest gets ``winner_id``.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        sa.Index("ix_campaign_created_at_id", "created_at", "id"),
        sa.Index("ix_campaign_channel_id_state", "channel_id", "state"),
        partial_index("ix_campaign_scheduled", "run_at", where="state = 'scheduled'"),
        partial_index(
            "ix_campaign_active",
            "id",
            where="state IN ('scheduled', 'asking', 'building', 'running', 'paused')",
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=120)
    state: CampaignState = Field(default=CampaignState.DRAFT, sa_type=enum_type(CampaignState, 16))
    channel_id: int | None = Field(default=None, foreign_key="channel.id", ondelete="SET NULL")
    audience: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    run_at: datetime | None = None
    time_zone: str = Field(default="UTC", max_length=64)
    is_local: bool = False
    quiet_from: str = Field(default="", max_length=5)
    quiet_until: str = Field(default="", max_length=5)
    late_policy: LatePolicy = Field(default=LatePolicy.SEND, sa_type=enum_type(LatePolicy, 8))
    rate: float | None = None
    test_share: int = 0
    winner_by: str = Field(default="", max_length=8)
    decide_after: int = 0
    decide_at: datetime | None = None
    winner_id: int | None = None
    pause_cause: str = Field(default="", max_length=32)
    pause_detail: str = Field(default="", max_length=500)
    waiting_until: datetime | None = None
    built_to: int = Field(default=0, sa_type=BigId)
    """The last contact that was written down while building: it goes on from there after a crash."""
    copied_from: int | None = Field(default=None, foreign_key="campaign.id", ondelete="SET NULL")
    created_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
    started_at: datetime | None = None
    finished_at: datetime | None = None


class CampaignVariant(SQLModel, table=True):
    """What is sent. A campaign without A/B has one, labelled "A".

    ``mapping`` is by the slot keys of ``services.templates.anatomy``; its shape is that of
    ``services.campaigns.mapping``. ``file_key`` names a file of the library for the header, ``card_files`` those
    of the cards by their places (``cards.0`` …). ``share`` is in percent.
    """

    __tablename__ = "campaign_variant"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "label"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", ondelete="CASCADE")
    label: str = Field(max_length=1)
    template_id: int | None = Field(default=None, foreign_key="template.id", ondelete="SET NULL", index=True)
    mapping: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    file_key: str = Field(default="", max_length=32)
    card_files: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    share: int = 100


class RecipientState(StrEnum):
    """``SKIPPED`` is never sent (``reason`` says why), ``HELD`` waits for the winner of an A/B test, ``WAITING`` has no
    message yet, ``QUEUED`` has one in the outbox; the rest follows that message. ``CANCELLED``: the campaign was.
    """

    SKIPPED = "skipped"
    HELD = "held"
    WAITING = "waiting"
    QUEUED = "queued"
    UNCONFIRMED = "unconfirmed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CampaignRecipient(SQLModel, table=True):
    """One person in one campaign. The message belongs to the outbox; this row follows it (``campaign_change``).

    ``reason`` is a word of ``services.campaigns.reasons`` for who was skipped or failed without Meta's code.
    ``columns`` are the cells of an uploaded file. ``due_at`` is when the message may leave at the earliest.
    ``contact_id`` is None after the contact was deleted: the figures stay, the person does not.
    """

    __tablename__ = "campaign_recipient"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "contact_id"),
        # In the order of the list of people; whole enough that a segment reads nothing else.
        sa.Index("ix_campaign_recipient_fate", "campaign_id", "state", "id", "contact_id", "replied_at"),
        sa.Index("ix_campaign_recipient_campaign_id_id", "campaign_id", "id"),
        sa.Index("ix_campaign_recipient_contact_id_queued_at", "contact_id", "queued_at"),
        sa.Index("ix_campaign_recipient_message_id", "message_id"),
        partial_index("ix_campaign_recipient_replied", "campaign_id", "id", where="replied_at IS NOT NULL"),
        partial_index("ix_campaign_recipient_clicked", "campaign_id", "id", where="clicked_at IS NOT NULL"),
        partial_index("ix_campaign_recipient_due", "campaign_id", "due_at", "id", where="state = 'waiting'"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    campaign_id: int = Field(foreign_key="campaign.id", ondelete="CASCADE")
    variant_id: int | None = Field(default=None, foreign_key="campaign_variant.id", ondelete="SET NULL")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", ondelete="SET NULL")
    state: RecipientState = Field(default=RecipientState.WAITING, sa_type=enum_type(RecipientState, 16))
    reason: str = Field(default="", max_length=32)
    error_code: int | None = None
    error_detail: str = Field(default="", max_length=500)
    columns: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    message_id: int | None = Field(default=None, sa_type=BigId)
    attempt: int = 0
    due_at: datetime = Field(default_factory=utcnow)
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None
    clicked_at: datetime | None = None
    clicked: str = Field(default="", max_length=80)


class CampaignChange(SQLModel, table=True):
    """A recipient whose message has moved, noted in the same transaction; a tick follows and takes the note away."""

    __tablename__ = "campaign_change"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    recipient_id: int = Field(sa_type=BigId)


class CampaignTally(SQLModel, table=True):
    """How many recipients of a variant are in a state; moved in the same transaction as they are.

    ``variant_id`` 0 counts who has none yet. Beside the states of recipients: ``replied`` and ``clicked``.
    """

    __tablename__ = "campaign_tally"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    variant_id: int = Field(primary_key=True)
    state: str = Field(primary_key=True, max_length=16)
    count: int = 0


class CampaignMoment(SQLModel, table=True):
    """How many reached a stage in a minute: the chart. ``stage``: sent, delivered, read, failed, replied."""

    __tablename__ = "campaign_moment"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    minute: datetime = Field(primary_key=True)
    stage: str = Field(primary_key=True, max_length=16)
    count: int = 0


class CampaignCursor(SQLModel, table=True):
    """How far a job has read the messages; ``services.campaigns.attribution`` has one called "answers"."""

    __tablename__ = "campaign_cursor"

    name: str = Field(primary_key=True, max_length=16)
    last_id: int = Field(default=0, sa_type=BigId)


class CampaignUpload(SQLModel, table=True):
    """A file of recipients. ``headings`` are its columns by key, ``phone_column`` the one with the numbers, and
    ``region`` the country (ISO 3166) of those that are written without its code, empty for none.
    """

    __tablename__ = "campaign_upload"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=32, unique=True)
    filename: str = Field(max_length=255)
    headings: list[str] = Field(default_factory=list, sa_type=Json)
    phone_column: str = Field(default="", max_length=120)
    region: str = Field(default="", max_length=2)
    rows: int = 0
    bad_rows: int = 0
    uploaded_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    created_at: datetime = Field(default_factory=utcnow)


class CampaignUploadRow(SQLModel, table=True):
    """One line of such a file. ``number`` is E.164, empty with a ``problem``; each number stands once in a file."""

    __tablename__ = "campaign_upload_row"
    __table_args__ = (
        sa.Index("ix_campaign_upload_row_upload_id_number", "upload_id", "number"),
        sa.Index("ix_campaign_upload_row_upload_id_line", "upload_id", "line"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    upload_id: int = Field(foreign_key="campaign_upload.id", ondelete="CASCADE")
    line: int
    number: str = Field(default="", max_length=20)
    problem: str = Field(default="", max_length=120)
    cells: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class MessagePrice(SQLModel, table=True):
    """What Meta takes for one delivered template, as the owner wrote it down; money in millionths of the currency.

    ``market`` is a country (ISO 3166, "DE") or "" for all others; ``category`` is Meta's word.
    """

    __tablename__ = "message_price"

    market: str = Field(primary_key=True, max_length=2)
    category: str = Field(primary_key=True, max_length=32)
    micros: int
