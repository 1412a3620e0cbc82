"""What stands in the sidebar and in the palette. A feature adds its line here."""

from __future__ import annotations

from wapto_app.security.permissions import Permission
from wapto_app.ui.i18n import t
from wapto_app.ui.shell import Entry, Group

NAVIGATION = (
    Group(
        t("Work"),
        (
            Entry(t("Inbox"), "/inbox", "inbox", Permission.INBOX_SEE, badge="unread", keys="g i"),
            Entry(t("Contacts"), "/contacts", "contact", Permission.CONTACTS_SEE, keys="g c"),
            Entry(t("Segments"), "/segments", "chart-pie", Permission.CONTACTS_SEE),
            Entry(t("Tasks"), "/tasks", "list-todo", Permission.INBOX_SEE, keys="g t"),
            Entry(t("Media library"), "/media-library", "images", Permission.MEDIA_SEE),
            Entry(t("Quick replies"), "/quick-replies", "zap", Permission.INBOX_SEE),
        ),
    ),
    Group(
        t("Reach"),
        (
            Entry(t("Campaigns"), "/campaigns", "megaphone", Permission.CAMPAIGNS_SEE),
            Entry(t("Templates"), "/templates", "layout-template", Permission.TEMPLATES_SEE),
        ),
    ),
    Group(
        t("Team"),
        (
            Entry(t("Teams"), "/teams", "users", Permission.TEAMS_SEE),
            Entry(t("Agents"), "/agents", "headset", Permission.TEAMS_SEE),
            Entry(t("Review"), "/review", "chart-column", Permission.REPORTS_SEE),
        ),
    ),
    Group(
        t("Settings"),
        (
            Entry(t("Tags"), "/tags", "tags", Permission.TAGS_SEE),
            Entry(t("Custom fields"), "/fields", "text-cursor-input", Permission.TAGS_SEE),
            Entry(t("Business hours"), "/settings/hours", "clock", Permission.SETTINGS_DO),
            Entry(t("Typing indicator"), "/settings/typing", "message-circle-more", Permission.SETTINGS_DO),
            Entry(t("Opt-out words"), "/settings/opt-out", "hand", Permission.SETTINGS_DO),
            Entry(t("Message prices"), "/settings/prices", "coins", Permission.SETTINGS_DO),
            Entry(t("Integrations"), "/integrations", "plug", Permission.INTEGRATIONS_SEE),
            Entry(t("Sign-in rules"), "/settings/security", "shield-check", Permission.SETTINGS_DO),
            Entry(t("Subscription"), "/subscription", "credit-card", Permission.SUBSCRIPTION_SEE),
            Entry(t("Profile"), "/profile", "user", Permission.SIGNED_IN),
        ),
    ),
    Group(
        t("Administration"),
        (
            Entry(t("Accounts"), "/admin/accounts", "user-cog", Permission.ADMIN),
            Entry(t("Plans"), "/admin/plans", "package", Permission.ADMIN),
            Entry(t("Subscriptions"), "/admin/subscriptions", "receipt", Permission.ADMIN),
            Entry(t("Settings"), "/admin/settings", "settings", Permission.ADMIN),
        ),
    ),
)
"""Groups of the sidebar, from top to bottom."""


def entries() -> list[Entry]:
    """All of them, in their order."""
    return [entry for group in NAVIGATION for entry in group.entries]
