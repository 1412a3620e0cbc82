"""The people of a campaign, and what became of each message."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.words import MAY_WRITE, tapped, view_bar
from pages.contacts.words import MAY_EXPORT
from pages.contacts.words import MAY_WRITE as MAY_TAG
from pages.tag_parts import tag_picker
from state.campaigns.recipients import CampaignPeople
from state.campaigns.tagging import CampaignTagging
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.button import button, button_link
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.link import file_link
from wapto_app.ui.progress import progress_dialog
from wapto_app.ui.table import Column, Selection, pager, table
from wapto_app.ui.time import list_time
from wapto_app.ui.tokens import Tone

_STATES: dict[str, tuple[Text, Tone]] = {
    "skipped": (t("Left out"), "neutral"),
    "held": (t("Waits for the winner"), "info"),
    "waiting": (t("Waiting"), "neutral"),
    "queued": (t("In the queue"), "info"),
    "unconfirmed": (t("Not known"), "warning"),
    "sent": (t("Sent"), "neutral"),
    "delivered": (t("Delivered"), "info"),
    "read": (t("Read"), "accent"),
    "failed": (t("Failed"), "danger"),
    "cancelled": (t("Cancelled"), "neutral"),
}
_CHOICES: tuple[tuple[str, Text], ...] = (
    ("", t("All")),
    ("waiting", t("Waiting")),
    ("sent", t("Sent")),
    ("delivered", t("Delivered")),
    ("read", t("Read")),
    ("replied", t("Replied")),
    ("clicked", t("Clicked")),
    ("failed", t("Failed")),
    ("unconfirmed", t("Not known")),
    ("skipped", t("Left out")),
)


# What a rule of a segment calls those whom a view shows.
_RULES = {
    "": "got",
    "sent": "undelivered",
    "delivered": "unread",
    "read": "read",
    "replied": "answered",
    "clicked": "clicked",
    "failed": "failed",
    "skipped": "left_out",
}
_EXPORT = (
    "inline-flex h-9 items-center gap-2 rounded-md border border-line bg-surface px-3.5 text-sm font-medium "
    "shadow-card hover:bg-hover"
)


def people() -> rx.Component:
    return rx.fragment(_filters(), _table(), _dialogs())


def _filters() -> rx.Component:
    page = "/exports/campaigns/" + CampaignPeople.campaign_id.to_string() + ".csv"
    export = file_link(
        rx.icon("download", size=16, aria_hidden=True),
        t("Export"),
        href=page + CampaignPeople.query,
        class_name=_EXPORT,
    )
    return rx.el.div(
        view_bar(
            _CHOICES, chosen=CampaignPeople.state, on_choose=CampaignPeople.look, label=t("Which people")
        ),
        rx.el.div(
            search_input(
                "find-recipient",
                t("Find a person"),
                value=CampaignPeople.text,
                on_change=CampaignPeople.find,
                class_name="min-w-0 flex-1 basis-full sm:w-44 sm:basis-auto",
            ),
            rx.cond(MAY_TAG & (CampaignPeople.rows.length() > 0), _with_these(), rx.fragment()),
            rx.cond(MAY_EXPORT, export, rx.fragment()),
            class_name="flex w-full flex-wrap gap-3 sm:ms-auto sm:w-auto",
        ),
        rx.cond(CampaignPeople.reason != "", _reason(), rx.fragment()),
        class_name="flex flex-wrap items-center gap-3",
    )


def _with_these() -> rx.Component:
    """What can be made of everybody whom the list shows, on all of its pages."""
    rule = rx.match(CampaignPeople.state, *_RULES.items(), "").to(str)
    says_all = (rule != "") & (CampaignPeople.text == "") & (CampaignPeople.reason == "")
    address = "/segments/new?campaign=" + CampaignPeople.campaign_id.to_string() + "&fate=" + rule
    return rx.fragment(
        tag_picker(
            button(t("Tag these people…"), icon="tag"),
            chosen=[],
            on_toggle=CampaignTagging.choose,
            on_create=CampaignTagging.choose_new,
            label=t("Put a tag on them"),
            once=True,
        ),
        rx.cond(
            says_all,
            button_link(t("Make a segment of these"), address, icon="users"),
            rx.fragment(),
        ),
    )


def _reason() -> rx.Component:
    """Shown when the report led here: one reason only."""
    return rx.el.p(
        badge(t("One reason only"), tone="accent"),
        " ",
        rx.el.span(
            rx.cond(CampaignPeople.rows.length() > 0, from_server(CampaignPeople.rows[0]["why"]), ""),
            class_name="text-sm text-muted",
        ),
        button(t("Show all"), size="sm", variant="ghost", on_click=CampaignPeople.look(CampaignPeople.state)),
        class_name="flex w-full flex-wrap items-center gap-2",
    )


def _table() -> rx.Component:
    selection = Selection(
        ids=CampaignPeople.marked,
        on_toggle=CampaignPeople.mark,
        on_toggle_all=CampaignPeople.mark_page,
        actions=_bulk(),
    )
    return table(
        CampaignPeople.rows,
        Column(t("Person"), _name),
        Column(t("State"), _state),
        Column(t("Version"), lambda row: row["variant"], hide=True, shown=CampaignPeople.is_split),
        Column(t("Sent"), lambda row: _time(row["sent_at"]), hide=True),
        Column(t("Delivered"), lambda row: _time(row["delivered_at"]), hide=True),
        Column(t("Read"), lambda row: _time(row["read_at"]), hide=True),
        Column(t("Replied"), _reply, hide=True),
        label=t("People"),
        row_href=lambda row: rx.cond(
            row["conversation_id"].to(int) > 0,
            "/inbox/" + row["conversation_id"].to(int).to_string(),
            "/contacts/" + row["contact_id"].to(int).to_string(),
        ).to(str),
        row_name=lambda row: row["name"],
        selection=selection,
        loading=~CampaignPeople.loaded,
        empty=_empty(),
        pager=_pager(),
    )


def _name(row: Any) -> rx.Component:
    gone = rx.el.span(t("Deleted contact"), class_name="text-muted")
    known = rx.el.span(row["name"], dir="auto", class_name="line-clamp-1 wrap-anywhere")
    number = rx.el.span(
        row["phone"], dir="ltr", class_name="block text-xs font-normal text-muted tabular-nums"
    )
    return rx.el.span(
        rx.cond(row["name"] != "", known, gone),
        rx.cond((row["phone"] != "") & (row["phone"] != row["name"]), number, rx.fragment()),
        class_name="block min-w-28 py-2 md:min-w-40",
    )


def _state(row: Any) -> rx.Component:
    why = rx.el.span(
        from_server(row["why"]),
        rx.cond(row["code"].to(int) > 0, rx.fragment(" (#", row["code"], ")"), rx.fragment()),
        data_tip=from_server(row["advice"]),
        dir="auto",
        class_name="mt-1 block max-w-80 min-w-40 text-xs text-muted",
    )
    return rx.el.div(
        status_badge(row["state"], _STATES), rx.cond(row["why"] != "", why, rx.fragment()), class_name="py-2"
    )


def _reply(row: Any) -> rx.Component:
    button = badge(tapped(row["clicked"]), tone="accent")
    return rx.el.span(
        _time(row["replied_at"]),
        rx.cond(row["clicked"] != "", rx.fragment(" ", button), rx.fragment()),
        class_name="whitespace-nowrap",
    )


def _time(at: Any) -> rx.Component:
    return rx.cond(at != "", list_time(at), rx.el.span("–", class_name="text-faint"))


def _bulk() -> list[rx.Component]:
    again = button(
        t("Send again"),
        icon="refresh-cw",
        size="sm",
        on_click=rx.cond(
            CampaignPeople.state == "unconfirmed",
            CampaignPeople.ask("unconfirmed"),
            CampaignPeople.ask("again"),
        ),
    )
    return [rx.cond(MAY_WRITE, again, rx.fragment())]


def _dialogs() -> rx.Component:
    number = CampaignPeople.marked.length()
    return rx.fragment(
        confirm_dialog(
            title=tn("Tag {n} person?", "Tag {n} people?", CampaignTagging.total),
            text=t(
                "Everybody whom the list shows now, on all of its pages, gets the tag “{name}”.",
                name=CampaignTagging.tag,
            ),
            confirm=t("Tag them"),
            on_confirm=CampaignTagging.run,
            open=CampaignTagging.tag != "",
            on_close=CampaignTagging.dismiss,
            danger=False,
        ),
        progress_dialog(
            t("Tagging the people of the campaign"),
            done=CampaignTagging.done,
            total=CampaignTagging.total,
            open=CampaignTagging.slow,
            on_stop=CampaignTagging.stop,
        ),
        confirm_dialog(
            title=tn("Send again to {n} person?", "Send again to {n} people?", number),
            text=t(
                "Only those for whom it failed get another message. Who opted out or is blocked gets none."
            ),
            confirm=t("Send again"),
            on_confirm=CampaignPeople.again,
            open=CampaignPeople.asked == "again",
            on_close=CampaignPeople.dismiss,
            danger=False,
        ),
        confirm_dialog(
            title=tn("Send again to {n} person, although?", "Send again to {n} people, although?", number),
            text=t(
                "WhatsApp did not answer when these were sent. They may have arrived: then these people get the same "
                "message twice."
            ),
            confirm=t("Send again anyway"),
            on_confirm=CampaignPeople.again,
            open=CampaignPeople.asked == "unconfirmed",
            on_close=CampaignPeople.dismiss,
        ),
    )


def _empty() -> rx.Component:
    nothing = empty_state(
        "search-x",
        t("Nobody found"),
        t("Nobody of this campaign fits."),
        button(t("Show all"), on_click=CampaignPeople.look("")),
    )
    nobody = empty_state("users", t("Nobody yet"), t("People are written down when the campaign starts."))
    asked = (CampaignPeople.state != "") | (CampaignPeople.text != "") | (CampaignPeople.reason != "")
    return rx.cond(asked, nothing, nobody)


def _pager() -> rx.Component:
    first, last = CampaignPeople.page + 1, CampaignPeople.page + CampaignPeople.rows.length()
    turned = pager(
        shown=t("{first}–{last}", first=first, last=last),
        has_previous=CampaignPeople.page > 0,
        has_next=CampaignPeople.has_next,
        on_previous=CampaignPeople.previous,
        on_next=CampaignPeople.next,
    )
    return rx.cond((CampaignPeople.page > 0) | CampaignPeople.has_next, turned, rx.fragment())
