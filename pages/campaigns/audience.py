"""First step of the wizard: who gets it, who does not, and how many that are."""

from __future__ import annotations

from typing import Any

import reflex as rx

from integrations.tables import MOST_BYTES
from pages.campaigns.files import files_part
from pages.campaigns.words import name_and_phone
from state.campaigns.audience import AudienceStep
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.button import button
from wapto_app.ui.card import card, section, stack
from wapto_app.ui.form import search_input, select, switch
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.menu import popover
from wapto_app.ui.skeleton import skeleton, skeleton_lines
from wapto_app.ui.tags import TagList, chip
from wapto_app.ui.tokens import classes

_SEES_CONTACTS = Shell.permissions.contains(Permission.CONTACTS_SEE.value)
_CHOSEN: Any = AudienceStep.chosen
_SUMMARY: Any = AudienceStep.summary
_PEOPLE, _GET_IT, _NEW = (_SUMMARY[each].to(int) for each in ("people", "sendable", "new"))
_DAYS: tuple[tuple[str, Text], ...] = (
    ("0", t("It does not matter")),
    ("1", t("Since yesterday")),
    ("3", t("In the last 3 days")),
    ("7", t("In the last 7 days")),
    ("14", t("In the last 14 days")),
    ("30", t("In the last 30 days")),
    ("90", t("In the last 90 days")),
)


def audience_step() -> rx.Component:
    parts = stack(_who(), files_part(MOST_BYTES), _without())
    return rx.cond(
        AudienceStep.loaded,
        rx.el.div(
            parts,
            rx.el.aside(_count(), aria_label=t("How many"), class_name="lg:sticky lg:top-0"),
            class_name="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]",
        ),
        card(skeleton_lines(8)),
    )


def _who() -> rx.Component:
    everyone = switch(
        "everyone",
        t("Every contact"),
        help=t("All contacts that you can see. You can still leave some out below."),
        checked=_CHOSEN["everyone"],
        on_change=AudienceStep.take_everyone,
    )
    some = rx.el.div(
        _row(t("Tags"), _tags("tags"), _tag_button("tags")),
        _row(t("Segments"), _segments("segments"), _segment_button("segments")),
        rx.cond(
            _SEES_CONTACTS,
            _row(t("Contacts"), _people("contacts"), _people_button("contacts")),
            rx.fragment(),
        ),
        class_name="-mx-5 mt-4 divide-y border-t",
    )
    return section(
        t("Who gets it"),
        everyone,
        rx.cond(_CHOSEN["everyone"], rx.fragment(), some),
        description=t("All of these together; nobody gets it twice."),
    )


def _without() -> rx.Component:
    lately = rx.el.div(
        rx.el.label(
            t("Got a campaign"),
            html_for="not-within",
            class_name="text-sm font-medium sm:w-28 sm:flex-none",
        ),
        select(
            "not-within",
            _DAYS,
            value=_CHOSEN["days"].to_string(),
            on_change=AudienceStep.rest,
            class_name="sm:max-w-60",
        ),
        class_name="flex flex-col gap-x-4 gap-y-2 px-5 py-3.5 sm:flex-row sm:items-center",
    )
    return section(
        t("Who is left out"),
        rx.el.div(
            _row(t("Tags"), _tags("without_tags"), _tag_button("without_tags")),
            _row(t("Segments"), _segments("without_segments"), _segment_button("without_segments")),
            rx.cond(
                _SEES_CONTACTS,
                _row(t("Contacts"), _people("without_contacts"), _people_button("without_contacts")),
                rx.fragment(),
            ),
            lately,
            class_name="-mx-5 -mb-5 divide-y border-t",
        ),
        description=t("Besides those who asked for no messages: they never get one."),
    )


def _row(label: Text, chosen: rx.Component, pick: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.h3(label, class_name="flex-none pt-1.5 text-sm font-medium sm:w-28"),
        rx.el.div(chosen, pick, class_name="flex min-w-0 flex-1 flex-wrap items-center gap-2"),
        class_name="flex flex-col gap-x-4 gap-y-2 px-5 py-3.5 sm:flex-row",
    )


def _ids(rows: Any) -> Any:
    return rx.Var(
        f"({rows!s} ?? []).map((one) => one.id)", _var_type=list[int], _var_data=rows._get_all_var_data()
    ).guess_type()


def _off(part: str, row: Any) -> rx.Component:
    """The cross that takes something off the choice."""
    return rx.el.button(
        rx.icon("x", size=12, aria_hidden=True),
        type="button",
        aria_label=t("Take {name} off", name=row["name"]),
        on_click=AudienceStep.put(part, row["id"], False),
        class_name="-me-1 grid size-4 flex-none place-items-center rounded hover:bg-hover pointer-coarse:size-6",
    )


def _plain_chip(name: Any, *more: rx.Component) -> rx.Component:
    return rx.el.span(
        rx.el.span(name, dir="auto", class_name="truncate"),
        *more,
        class_name="inline-flex h-6 max-w-full items-center gap-1.5 rounded-md border border-line bg-surface px-2 "
        "text-xs font-medium",
    )


def _tags(part: str) -> rx.Component:
    def shown(row: Any) -> rx.Component:
        gone = _plain_chip(t("A deleted tag"), _off(part, row))
        return rx.cond(row["name"] != "", chip(row["name"], row["colour"], _off(part, row)), gone)

    return rx.foreach(_CHOSEN[part], shown)


def _segments(part: str) -> rx.Component:
    def shown(row: Any) -> rx.Component:
        return _plain_chip(rx.cond(row["name"] != "", row["name"], t("A deleted segment")), _off(part, row))

    return rx.foreach(_CHOSEN[part], shown)


def _people(part: str) -> rx.Component:
    more = _CHOSEN[f"{part}_more"].to(int)
    clear = rx.el.button(
        t("Take all off"),
        type="button",
        on_click=AudienceStep.clear(part),
        class_name="rounded text-xs text-muted underline-offset-2 hover:underline",
    )
    return rx.fragment(
        rx.foreach(_CHOSEN[part], lambda row: _plain_chip(row["name"], _off(part, row))),
        rx.cond(
            more > 0, rx.el.span(t("and {n} more", n=more), class_name="text-xs text-muted"), rx.fragment()
        ),
        rx.cond(more > 0, clear, rx.fragment()),
    )


def _add(words: Text) -> rx.Component:
    return button(words, icon="plus", size="sm")


def _tag_button(part: str) -> rx.Component:
    inside = TagList.create(
        tags=AudienceStep.tags,
        chosen=_ids(_CHOSEN[part]),
        loading=False,
        may_create=False,
        on_toggle=lambda item, on: AudienceStep.put(part, item, on),
    )
    return popover(_add(t("Add tags")), inside, label=t("Tags"))


def _segment_button(part: str) -> rx.Component:
    inside = TagList.create(
        tags=AudienceStep.segments,
        chosen=_ids(_CHOSEN[part]),
        loading=False,
        may_create=False,
        find=t("Find a segment"),
        none=t("There are no segments yet."),
        on_toggle=lambda item, on: AudienceStep.put(part, item, on),
    )
    return popover(_add(t("Add segments")), inside, label=t("Segments"))


def _people_button(part: str) -> rx.Component:
    chosen = _ids(_CHOSEN[part])
    hint = rx.cond(
        AudienceStep.search != "", t("Nobody found."), t("Search by name, number, company or e-mail.")
    )
    found = rx.el.ul(
        rx.foreach(AudienceStep.found, lambda row: _found_person(part, row, chosen.contains(row["id"]))),
        aria_label=t("Contacts found"),
        class_name="scroll-thin mt-1 max-h-72 overflow-y-auto empty:hidden",
    )
    inside = rx.el.div(
        search_input(
            f"find-{part}", t("Find a contact"), value=AudienceStep.search, on_change=AudienceStep.find
        ),
        found,
        rx.cond(
            AudienceStep.found.length() == 0,
            rx.el.p(hint, class_name="px-2 pt-2 text-sm text-muted"),
            rx.fragment(),
        ),
        class_name="w-72 max-w-full",
    )
    return popover(_add(t("Add contacts")), inside, label=t("Contacts"))


def _found_person(part: str, row: Any, is_on: rx.Var[bool]) -> rx.Component:
    press = rx.el.button(
        avatar(row["name"], size=24),
        name_and_phone(row),
        rx.cond(is_on, rx.icon("check", size=16, class_name="flex-none text-accent-ink"), rx.fragment()),
        type="button",
        aria_pressed=rx.cond(is_on, "true", "false"),
        on_click=AudienceStep.put(part, row["id"], ~is_on),
        class_name="flex min-h-10 w-full items-center gap-2 rounded-md px-2 py-1 text-start text-sm hover:bg-hover",
    )
    return rx.el.li(press, key=row["id"])


def _count() -> rx.Component:
    number = rx.el.div(
        rx.cond(
            AudienceStep.counting & (_PEOPLE == 0),
            skeleton("h-9 w-24"),
            rx.el.span(t("{n}", n=_GET_IT), class_name="text-3xl font-semibold tabular-nums"),
        ),
        class_name=rx.cond(AudienceStep.counting, "opacity-60", ""),
    )
    words = tn("person gets it", "people get it", _GET_IT)
    new = rx.el.p(
        tn(
            "{n} of them is no contact yet and becomes one.",
            "{n} of them are no contacts yet and become some.",
            _NEW,
        ),
        class_name="mt-1 text-xs text-muted",
    )
    return card(
        rx.el.div(
            number,
            rx.el.p(words, class_name="text-sm text-muted"),
            rx.cond(_NEW > 0, new, rx.fragment()),
            role="status",
            aria_busy=AudienceStep.counting,
        ),
        rx.cond(_PEOPLE > _GET_IT, _left_out(), rx.fragment()),
        rx.cond(_SUMMARY["sample"].to(list[Any]).length() > 0, _sample(), rx.fragment()),
    )


def people_in_short() -> rx.Component:
    """For the bar at the bottom, where the count itself is far below."""
    return rx.el.span(
        tn("{n} person", "{n} people", _GET_IT), class_name="text-sm font-medium tabular-nums lg:hidden"
    )


def _left_out() -> rx.Component:
    def reason(row: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(from_server(row["words"]), class_name="min-w-0 flex-1 text-pretty"),
            rx.el.span(t("{n}", n=row["count"]), class_name="flex-none tabular-nums"),
            key=row["reason"],
            class_name="flex gap-3 py-1.5 text-sm",
        )

    share = (_GET_IT / _PEOPLE * 100).to(float)
    width: rx.Var[str] = rx.Var(f"`${{{share!s}}}%`", _var_type=str, _var_data=share._get_all_var_data())
    bar = rx.el.div(
        rx.el.div(class_name="h-full bg-accent", style={"width": width}),
        aria_hidden=True,
        class_name="h-2 overflow-hidden rounded-full bg-line-strong",
    )
    return rx.el.div(
        bar,
        rx.el.h3(
            t(
                "{n} of {people} left out",
                n=_PEOPLE - _GET_IT,
                people=_PEOPLE,
            ),
            class_name="mt-3 text-sm font-medium",
        ),
        rx.el.ul(
            rx.foreach(_SUMMARY["skipped"].to(list[dict[str, Any]]), reason),
            aria_label=t("Why"),
            class_name="mt-1 text-muted",
        ),
        class_name="mt-4",
    )


def _sample() -> rx.Component:
    def person(row: Any) -> rx.Component:
        return rx.el.li(
            avatar(row["name"], size=24),
            rx.el.span(row["name"], dir="auto", class_name="min-w-0 flex-1 truncate"),
            rx.el.span(row["phone"], dir="ltr", class_name="flex-none text-xs text-muted tabular-nums"),
            class_name="flex items-center gap-2 py-1 text-sm",
        )

    return rx.el.div(
        rx.el.h3(t("Some of them"), class_name="text-sm font-medium"),
        rx.el.ul(rx.foreach(_SUMMARY["sample"].to(list[dict[str, Any]]), person), class_name="mt-1.5"),
        class_name=classes("mt-4 border-t pt-4"),
    )
