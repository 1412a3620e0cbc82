"""One message of a thread, whatever its type."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.bubble_file import bubble_file
from pages.inbox.ticks import tick
from state.inbox import OpenConversation
from wapto_app.services.inbox import MessageRow
from wapto_app.ui.avatar import avatar
from wapto_app.ui.button import icon_button
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.menu import popover
from wapto_app.ui.message_text import day_separator, message_text, note_text
from wapto_app.ui.thread_lines import event_line, fresh_line, rich_message
from wapto_app.ui.time import clock_time
from wapto_app.ui.tokens import classes

_REACTIONS = ("👍", "❤️", "😂", "😮", "😢", "🙏")

Item = rx.Var[MessageRow]


@rx.memo(wrapper=None)
def message_row(item: rx.Var[MessageRow]) -> rx.Component:
    return _row(item, may_act=True)


@rx.memo(wrapper=None)
def transcript_row(item: rx.Var[MessageRow]) -> rx.Component:
    """The same for somebody who only reads: nothing to reply to, nothing to send again."""
    return _row(item, may_act=False)


def _row(item: Item, *, may_act: bool) -> rx.Component:
    shown = rx.match(
        item["kind"],
        ("event", event_line(kind=item["type"], said=item["content"], at=item["at"])),
        ("system", _notice(item)),
        ("note", _note(item)),
        _bubble_line(item, may_act=may_act),
    )
    return rx.el.div(
        day_separator(item["at"], item["previous_at"]),
        rx.cond(item["fresh"], fresh_line(), rx.fragment()),
        shown,
        class_name="px-4 pb-2",
    )


def _notice(item: Item) -> rx.Component:
    return rx.el.p(item["body"], dir="auto", class_name="py-1 text-center text-xs text-muted")


def _note(item: Item) -> rx.Component:
    """For the team only: unlike anything that a customer sees."""
    head = rx.el.p(
        rx.icon("lock", size=12, aria_hidden=True, class_name="flex-none"),
        rx.el.span(item["author"], dir="auto", class_name="truncate font-medium"),
        rx.el.span(t("Note for the team"), class_name="flex-none"),
        class_name="flex items-center gap-1.5 text-xs text-warning-ink",
    )
    return rx.el.div(
        rx.el.div(
            head,
            note_text(item["body"], item["content"]["mentions"]),
            _foot(item),
            data_testid="note",
            class_name=(
                "w-fit max-w-[85%] min-w-40 rounded-lg border border-warning/40 bg-warning-soft px-3 py-2 text-sm "
                "sm:max-w-[70%]"
            ),
        ),
        class_name="flex justify-end",
    )


def _bubble_line(item: Item, *, may_act: bool = True) -> rx.Component:
    bubble = rx.el.div(
        rx.cond(item["forwarded"], _small(t("Forwarded"), "forward"), rx.fragment()),
        _quote(item),
        _content(item, may_act=may_act),
        _foot(item),
        data_testid="message",
        data_status=item["status"],
        class_name=classes(
            "relative w-fit max-w-full rounded-lg px-3 py-2 text-sm shadow-card",
            rx.cond(item["outbound"], "rounded-ee-sm bg-bubble-out", "rounded-es-sm bg-bubble-in"),
        ),
    )
    column = rx.el.div(
        bubble,
        _reactions(item),
        _problem(item, may_act=may_act),
        class_name=classes(
            "flex max-w-[85%] min-w-0 flex-col sm:max-w-[70%]",
            rx.cond(item["outbound"], "items-end", "items-start"),
        ),
    )
    return rx.el.div(
        column,
        _actions(item) if may_act else rx.fragment(),
        class_name=classes(
            "group/message flex items-center gap-1", rx.cond(item["outbound"], "flex-row-reverse", "")
        ),
    )


def _small(text: rx.Var[str], icon: str) -> rx.Component:
    return rx.el.p(
        rx.icon(icon, size=13, aria_hidden=True),
        text,
        class_name="flex items-center gap-1 text-xs text-muted",
    )


def _quote(item: Item) -> rx.Component:
    quote = item["quote"].to(dict[str, Any])
    return rx.cond(
        item["quote"],
        rx.el.div(
            rx.el.p(
                rx.cond(quote["outbound"].to(bool), t("You"), t("Customer")),
                class_name="font-medium text-accent-ink",
            ),
            rx.el.p(quote["text"].to(str), dir="auto", class_name="line-clamp-2 text-muted"),
            class_name="mb-1.5 rounded-md border-s-4 border-accent bg-hover/60 px-2.5 py-1.5 text-xs",
        ),
        rx.fragment(),
    )


def _content(item: Item, *, may_act: bool) -> rx.Component:
    return rx.match(
        item["kind"],
        ("text", message_text(item["body"])),
        ("media", bubble_file(item, may_act=may_act)),
        ("location", _location(item)),
        ("contacts", _contacts(item)),
        ("button", _tapped(item)),
        ("button_reply", _tapped(item)),
        ("list_reply", _tapped(item)),
        ("flow_reply", _rich(item)),
        ("order", _rich(item)),
        ("template", _rich(item)),
        ("interactive", _rich(item)),
        ("revoked", rx.el.p(t("This message was deleted"), class_name="text-muted italic")),
        ("unsupported", _unsupported(item)),
        message_text(item["body"]),
    )


def _rich(item: Item) -> rx.Component:
    return rich_message(kind=item["kind"], body=item["body"], content=item["content"])


def _tapped(item: Item) -> rx.Component:
    return rx.el.p(
        rx.icon("mouse-pointer-click", size=14, class_name="flex-none text-muted", aria_hidden=True),
        rx.el.span(item["body"], dir="auto", class_name="font-medium"),
        class_name="flex items-center gap-2",
    )


def _unsupported(item: Item) -> rx.Component:
    text = t("WhatsApp does not hand over this kind of message. Open it on the phone.")
    return rx.el.p(
        rx.icon("circle-help", size=15, class_name="mt-0.5 flex-none", aria_hidden=True),
        rx.el.span(text, class_name="text-pretty"),
        class_name="flex gap-2 text-muted",
    )


def _location(item: Item) -> rx.Component:
    place = item["content"]
    url = (
        "https://www.openstreetmap.org/?mlat="
        + place["latitude"].to_string()
        + "&mlon="
        + place["longitude"].to_string()
    )
    return rx.el.a(
        rx.icon("map-pin", size=20, class_name="flex-none text-accent-ink", aria_hidden=True),
        rx.el.span(
            rx.el.span(
                rx.cond(place["name"], place["name"].to(str), t("Location")),
                dir="auto",
                class_name="block truncate font-medium",
            ),
            rx.el.span(
                rx.cond(
                    place["address"],
                    place["address"].to(str),
                    place["latitude"].to_string() + ", " + place["longitude"].to_string(),
                ),
                dir="auto",
                class_name="block text-xs text-muted",
            ),
            rx.el.span(t("Open the map"), class_name="block text-xs text-accent-ink"),
            class_name="min-w-0",
        ),
        href=url,
        target="_blank",
        rel="noreferrer",
        class_name="flex items-center gap-2.5 underline-offset-2 hover:underline",
    )


def _contacts(item: Item) -> rx.Component:
    def card(entry: rx.Var[dict[str, Any]]) -> rx.Component:
        phones = entry["phones"].to(list[dict[str, Any]])
        return rx.el.div(
            rx.icon("contact", size=20, class_name="flex-none text-muted", aria_hidden=True),
            rx.el.div(
                rx.el.p(entry["name"].to(str), dir="auto", class_name="font-medium"),
                rx.foreach(
                    phones, lambda phone: rx.el.p(phone["phone"].to(str), class_name="text-xs text-muted")
                ),
            ),
            class_name="flex items-center gap-2.5",
        )

    cards = item["content"]["cards"].to(list[dict[str, Any]])
    return rx.el.div(rx.foreach(cards, card), class_name="flex flex-col gap-2")


def _foot(item: Item) -> rx.Component:
    author = rx.cond(
        item["outbound"] & (item["author"] != ""),
        rx.el.span(
            avatar(item["author"], size=16),
            rx.el.span(item["author"], dir="auto", class_name="max-w-32 truncate"),
            class_name="flex min-w-0 items-center gap-1",
        ),
        rx.fragment(),
    )
    planned = rx.cond(
        item["content"]["scheduled"],
        rx.el.span(
            rx.icon("calendar-clock", size=13, aria_hidden=True),
            role="img",
            aria_label=t("Was scheduled"),
            data_tip=t("Was scheduled"),
        ),
        rx.fragment(),
    )
    return rx.el.div(
        rx.cond(item["edited"], rx.el.span(t("edited")), rx.fragment()),
        author,
        planned,
        clock_time(item["at"]),
        rx.cond(item["outbound"], tick(item["status"]), rx.fragment()),
        class_name="mt-1 flex items-center justify-end gap-1.5 text-xs text-muted",
    )


def _reactions(item: Item) -> rx.Component:
    return rx.cond(
        item["reactions"].length() > 0,
        rx.el.div(
            rx.foreach(item["reactions"], lambda emoji: rx.el.span(emoji)),
            aria_label=t("Reactions"),
            data_testid="reactions",
            class_name="z-1 -mt-1.5 flex gap-0.5 rounded-full bg-surface px-1.5 py-0.5 text-sm shadow-card",
        ),
        rx.fragment(),
    )


def _problem(item: Item, *, may_act: bool) -> rx.Component:
    """Why it did not arrive, what to do, and another try."""
    words = rx.el.span(from_server(item["error"]), " ", from_server(item["advice"]))
    again = rx.el.button(
        rx.cond(item["status"] == "unconfirmed", t("Send again"), t("Retry")),
        type="button",
        on_click=OpenConversation.retry(item["id"]),
        class_name="font-medium underline underline-offset-2",
    )
    is_stuck = (item["status"] == "failed") | (item["status"] == "unconfirmed")
    return rx.cond(
        item["outbound"] & is_stuck,
        rx.el.p(
            words,
            *([" ", again] if may_act else []),
            data_testid="problem",
            class_name="mt-1 text-xs text-danger-ink text-pretty",
        ),
        rx.fragment(),
    )


def _actions(item: Item) -> rx.Component:
    def choice(emoji: str) -> rx.Component:
        return rx.el.button(
            emoji,
            type="button",
            aria_label=emoji,
            data_close=True,
            on_click=OpenConversation.react(item["id"], emoji),
            class_name="grid size-9 place-items-center rounded-md text-lg hover:bg-hover",
        )

    react = popover(
        icon_button("smile-plus", t("React"), size=16),
        rx.el.div(*[choice(emoji) for emoji in _REACTIONS], class_name="flex"),
        label=t("React"),
        class_name="p-1",
    )
    return rx.cond(
        (item["wamid"] != "") & (item["kind"] != "revoked"),
        rx.el.div(
            icon_button("reply", t("Reply"), size=16, on_click=OpenConversation.reply_to(item["id"])),
            react,
            class_name=(
                "flex flex-none opacity-0 transition-opacity group-hover/message:opacity-100 "
                "focus-within:opacity-100 pointer-coarse:opacity-100"
            ),
        ),
        rx.fragment(),
    )
