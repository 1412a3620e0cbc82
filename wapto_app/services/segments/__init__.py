"""Segments: contacts that fit saved rules, counted whenever somebody asks.

``rules`` reads a tree of rules, ``sql`` turns it into one select, ``saved`` keeps them under a name, ``preview`` is
what the builder shows. This package knows tables only, not the services of tags and fields: those tell ``upkeep``.
"""

from wapto_app.services.segments.preview import Preview, Sample, Vocabulary, count, preview, vocabulary
from wapto_app.services.segments.rules import FACETS, OPERATORS, Kind, problems, read
from wapto_app.services.segments.saved import (
    SegmentDetails,
    SegmentRow,
    campaigns,
    count_of,
    delete,
    duplicate,
    get,
    listing,
    members,
    rename,
    save,
)
from wapto_app.services.segments.sql import condition, matching
from wapto_app.services.segments.upkeep import TOPIC

__all__ = [
    "FACETS",
    "OPERATORS",
    "TOPIC",
    "Kind",
    "Preview",
    "Sample",
    "SegmentDetails",
    "SegmentRow",
    "Vocabulary",
    "campaigns",
    "condition",
    "count",
    "count_of",
    "delete",
    "duplicate",
    "get",
    "listing",
    "matching",
    "members",
    "preview",
    "problems",
    "read",
    "rename",
    "save",
    "vocabulary",
]
