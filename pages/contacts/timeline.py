"""What happened with a contact, in words."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.contacts import ContactPage
from wapto_app.ui.i18n import from_server, t, tn
from wapto_app.ui.link import link
from wapto_app.ui.time import relative_time

_ICONS = {
    "created": "user-plus",
    "first_seen": "user-plus",
    "imported": "file-up",
    "tagged": "tag",
    "untagged": "tag",
    "opted_out": "bell-off",
    "opted_in": "bell",
    "blocked": "ban",
    "unblocked": "circle-check",
    "merged": "merge",
    "address_added": "phone",
    "address_removed": "phone-off",
    "first_message": "message-square-plus",
    "messages": "messages-square",
    "campaign": "megaphone",
    "assigned": "user-check",
    "unassigned": "user-minus",
    "resolved": "check-check",
    "reopened": "rotate-ccw",
    "pending": "hourglass",
    "snoozed": "alarm-clock",
    "window_missed": "clock-alert",
}


def timeline() -> rx.Component:
    return rx.el.ol(
        rx.foreach(ContactPage.timeline, _entry), aria_label=t("Timeline"), class_name="flex flex-col gap-4"
    )


def _entry(row: Any) -> rx.Component:
    icons = [(kind, rx.icon(icon, size=15, aria_hidden=True)) for kind, icon in _ICONS.items()]
    by = rx.cond(row["by"] != "", rx.el.span(" · ", row["by"], dir="auto"), rx.fragment())
    return rx.el.li(
        rx.el.span(
            rx.match(row["kind"], *icons, rx.icon("circle", size=15, aria_hidden=True)),
            class_name="mt-0.5 grid size-7 flex-none place-items-center rounded-full bg-hover text-muted",
        ),
        rx.el.div(
            rx.el.p(_said(row), class_name="text-sm break-words"),
            rx.el.p(relative_time(row["at"]), by, _fate(row), class_name="text-xs text-muted"),
            rx.cond(
                row["why"] != "",
                rx.el.p(
                    from_server(row["why"]), dir="auto", class_name="text-xs text-danger-ink text-pretty"
                ),
                rx.fragment(),
            ),
            class_name="min-w-0 flex-1",
        ),
        key=row["key"],
        class_name="flex items-start gap-3",
    )


def _said(row: Any) -> rx.Component:
    words = rx.el.bdi(_words(row))
    return rx.cond(row["href"] != "", link(words, row["href"], class_name="hover:underline"), words)


def _fate(row: Any) -> rx.Component:
    """What became of a campaign's message."""
    said = rx.match(
        row["state"],
        ("sent", t("sent")),
        ("delivered", t("delivered")),
        ("read", t("read")),
        ("replied", t("answered")),
        ("clicked", t("a button was pressed")),
        ("failed", t("failed")),
        ("unconfirmed", t("not known whether it arrived")),
        "",
    ).to(str)
    return rx.cond(row["state"] != "", rx.el.span(" · ", said), rx.fragment())


def _words(row: Any) -> rx.Var[str]:
    what, inbound, outbound = row["what"], row["n"].to(int), row["m"].to(int)
    received = tn("{n} message received", "{n} messages received", inbound)
    sent = tn("{n} sent", "{n} sent", outbound)
    word = rx.cond(what != "", t("Opted out with “{what}”", what=what), t("Opted out"))
    back = rx.cond(what != "", t("Opted in with “{what}”", what=what), t("Opted in"))
    got = t("Got the campaign “{what}”", what=what)
    tried = t("The campaign “{what}” was sent", what=what)
    missed = t("The campaign “{what}” did not arrive", what=what)
    return rx.match(
        row["kind"],
        ("created", t("Contact written down")),
        ("first_seen", t("First seen")),
        ("imported", rx.cond(what != "", t("Imported from {what}", what=what), t("Imported"))),
        ("tagged", t("Tagged “{what}”", what=what)),
        ("untagged", t("Tag “{what}” taken off", what=what)),
        ("opted_out", word),
        ("opted_in", back),
        ("blocked", t("Blocked")),
        ("unblocked", t("Unblocked")),
        ("merged", rx.cond(what != "", t("Merged with {what}", what=what), t("Merged with another contact"))),
        ("address_added", t("Number {what} added", what=what)),
        ("address_removed", t("Number {what} removed", what=what)),
        ("first_message", t("First message")),
        ("messages", t("{received}, {sent}", received=received, sent=sent)),
        ("campaign", rx.match(row["state"], ("failed", missed), ("unconfirmed", tried), got)),
        ("assigned", t("Assigned to {what}", what=what)),
        ("unassigned", t("Taken from {what}", what=what)),
        ("resolved", t("Conversation resolved")),
        ("reopened", t("Conversation opened again")),
        ("pending", t("Conversation set to pending")),
        ("snoozed", t("Conversation snoozed")),
        ("window_missed", t("The 24 hours passed without an answer")),
        row["kind"],
    ).to(str)
