"""How a campaign's state, progress, rates and people are shown, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from state.campaigns.listing import Campaigns
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import status_badge
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.progress import progress
from wapto_app.ui.time import relative_time
from wapto_app.ui.tokens import Tone, classes

MAY_WRITE = Shell.permissions.contains(Permission.CAMPAIGNS_DO.value)
STATES: dict[str, tuple[Text, Tone]] = {
    "draft": (t("Draft"), "neutral"),
    "scheduled": (t("Scheduled"), "info"),
    "asking": (t("Waits for you"), "warning"),
    "building": (t("Getting ready"), "info"),
    "running": (t("Sending"), "accent"),
    "paused": (t("Paused"), "warning"),
    "finished": (t("Finished"), "neutral"),
    "cancelled": (t("Cancelled"), "neutral"),
}


def state_badge(row: Any) -> rx.Component:
    return status_badge(row["state"], STATES)


def is_one_of(row: Any, *states: str) -> rx.Var[bool]:
    return rx.Var.create(list(states)).contains(row["state"])


def ask(what: str, row: Any) -> Any:
    """Open a dialog of ``dialogs`` about this campaign."""
    return Campaigns.ask(what, row["id"], row["name"], row["left"])


def share_gone(row: Any) -> rx.Var[float]:
    """0 to 100."""
    people = row["people"].to(int)
    return rx.cond(people > 0, row["gone"].to(int) / people * 100, 0).to(float)


def running_words(row: Any) -> rx.Component:
    """ "412 of 5,000 · 3 min left"."""
    done = t("{done} of {people}", done=row["gone"], people=row["people"])
    left = rx.cond(row["seconds_left"].to(int) > 0, rx.fragment(" · ", duration_left(row)), rx.fragment())
    return rx.el.span(done, left, class_name="text-xs text-muted tabular-nums whitespace-nowrap")


def duration_left(row: Any) -> rx.Component:
    seconds = row["seconds_left"].to(int)
    minutes = ((seconds + 59) // 60).to(int)
    hours = ((seconds + 1800) // 3600).to(int)
    return rx.cond(
        seconds < 60,
        t("less than a minute left"),
        rx.cond(
            seconds < 5400,
            tn("{n} min left", "{n} min left", minutes),
            tn("{n} h left", "{n} h left", hours),
        ),
    )


def progress_of(row: Any) -> rx.Component:
    return progress(share_gone(row), label=t("Progress of {name}", name=row["name"]), class_name="w-full")


def percent(part: Any, whole: Any) -> rx.Var[str]:
    """With one digit behind the point; ``whole`` is not 0."""
    share = part.to(int) / whole.to(int) * 1000
    rounded = rx.Var(f"Math.round({share!s}) / 10", _var_type=float, _var_data=share._get_all_var_data())
    return t("{n} %", n=rounded)


def rate(part: Any, whole: Any) -> rx.Component:
    """Percent with the count on hover; a dash where there is nothing to divide by."""
    n, of = part.to(int), whole.to(int)
    shown = rx.el.span(percent(n, of), data_tip=t("{part} of {whole}", part=n, whole=of))
    return rx.cond(of > 0, shown, rx.el.span("–", class_name="text-faint"))


def tapped(button: Any) -> rx.Var[str]:
    """The text of a quick reply as it stands in the template; that of a card with which card it was."""
    text = button.to(str)
    return rx.cond(text.startswith("Card "), from_server(text), text)


def moment(row: Any) -> rx.Component:
    """When it is to go out, or went."""
    return rx.cond(
        is_one_of(row, "scheduled", "asking"),
        relative_time(row["run_at"]),
        rx.cond(
            row["started_at"] != "",
            relative_time(row["started_at"]),
            rx.el.span("–", class_name="text-faint"),
        ),
    )


def view_bar(
    options: Sequence[tuple[str, Text]], *, chosen: rx.Var[str], on_choose: Any, label: Text
) -> rx.Component:
    """Which part of a list is shown; ``on_choose`` hears the value of a (value, words) pair."""

    def option(value: str, words: Text) -> rx.Component:
        is_on = chosen == value
        return rx.el.button(
            words,
            type="button",
            aria_pressed=rx.cond(is_on, "true", "false"),
            on_click=on_choose(value),
            class_name=classes(
                "h-7 flex-none rounded-md px-3 text-sm font-medium pointer-coarse:h-9",
                rx.cond(is_on, "bg-surface text-ink shadow-card", "text-muted hover:text-ink"),
            ),
        )

    return rx.el.div(
        *[option(value, words) for value, words in options],
        role="group",
        aria_label=label,
        class_name="scroll-thin flex max-w-full gap-1 overflow-x-auto rounded-lg bg-hover p-1",
    )


def name_and_phone(row: Any) -> rx.Component:
    """A person to choose: one line each, the second only for who has a name and a number."""
    phone = rx.el.span(
        row["phone"], dir="ltr", class_name="block truncate text-start text-xs text-muted empty:hidden"
    )
    name = rx.el.span(row["name"], dir="auto", class_name="block truncate")
    return rx.el.span(name, phone, class_name="min-w-0 flex-1")
