"""One team: its name, what its agents may see and do, and which conversations come to them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.teams import STRATEGY, VISIBILITY
from state.base import Feedback
from state.shell import Shell
from state.team import TeamEditor
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button_link
from wapto_app.ui.card import card, page_body, page_header, section, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import Check, form, form_actions, select_field, submit_button, switch, text_field
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines

ROUTE = "/teams/[team_ref]"
_MODULES = (
    ("inbox", t("Inbox"), t("Read conversations"), t("Answer, assign and resolve")),
    ("contacts", t("Contacts"), t("See who customers are"), t("Change and import contacts")),
    ("export", t("Export"), None, t("Download contacts and figures")),
    ("templates", t("Templates"), t("See message templates"), t("Write and submit them")),
    ("campaigns", t("Campaigns"), t("See campaigns and results"), t("Plan, start and stop them")),
    ("forms", t("Forms"), t("See forms and answers"), t("Build and publish them")),
    ("automations", t("Automations"), t("See what runs by itself"), t("Build and publish it")),
    ("media", t("Media library"), t("See and use files"), t("Upload and delete them")),
    ("tags", t("Tags and fields"), t("See them"), t("Create, rename and delete them")),
    ("widgets", t("Widget and links"), t("See them and their figures"), t("Create and change them")),
    ("teams", t("Teams and agents"), t("See who is in which team"), t("Manage teams and agents")),
    ("integrations", t("Integrations"), t("See the numbers and their health"), t("Connect numbers")),
    ("api", t("API and webhooks"), t("See what is connected"), t("Make keys and webhooks")),
    ("reports", t("Reports"), t("See figures of agents and teams"), t("Score conversations")),
)


def team() -> rx.Component:
    title = rx.cond(TeamEditor.team["id"] > 0, TeamEditor.team["name"], t("New team"))
    missing = empty_state(
        "search-x",
        t("This team is not here"),
        t("It may have been deleted."),
        button_link(t("All teams"), "/teams"),
    )
    filled = rx.fragment(
        page_header(title, button_link(t("All teams"), "/teams")),
        rx.cond(_may_do(), rx.fragment(), _only_look()),
        rx.el.fieldset(_form(), disabled=~_may_do(), class_name="min-w-0"),
    )
    return frame(
        t("Team"),
        page_body(
            rx.cond(
                TeamEditor.loaded,
                rx.cond(TeamEditor.missing, missing, filled),
                card(skeleton_lines(8)),
            ),
            width="max-w-3xl",
        ),
        permission=Permission.TEAMS_SEE,
    )


def _may_do() -> rx.Var[bool]:
    return Shell.permissions.contains(Permission.TEAMS_DO.value)


def _only_look() -> rx.Component:
    return rx.el.p(t("You may look at teams, but not change them."), class_name="mb-4 text-sm text-muted")


def _form() -> rx.Component:
    return form(
        stack(_words(), _matrix(), _conversations()),
        form_actions(
            button_link(t("Cancel"), "/teams"),
            rx.cond(_may_do(), submit_button(t("Save team")), rx.fragment()),
        ),
        on_submit=TeamEditor.save,
        key=TeamEditor.team["id"].to_string(),
    )


def _words() -> rx.Component:
    return section(
        t("Team"),
        stack(
            text_field(
                "name",
                t("Name"),
                default_value=TeamEditor.team["name"],
                max_length=80,
                auto_complete="off",
                errors=Feedback.errors,
            ),
            text_field(
                "description",
                t("Description"),
                default_value=TeamEditor.team["description"],
                max_length=300,
                optional=True,
                auto_complete="off",
                errors=Feedback.errors,
            ),
            switch(
                "is_active",
                t("Active"),
                help=t("Deactivated, its agents see nothing, and what they were working on is put back."),
                checked=TeamEditor.is_active,
                on_change=TeamEditor.set_active,
            ),
            gap="gap-5",
        ),
    )


def _matrix() -> rx.Component:
    head = rx.el.thead(
        rx.el.tr(
            rx.el.th(t("Part"), scope="col", class_name="pb-2 text-start font-medium"),
            rx.el.th(t("See"), scope="col", class_name="w-16 pb-2 text-center font-medium"),
            rx.el.th(t("Do"), scope="col", class_name="w-16 pb-2 text-center font-medium"),
        ),
        class_name="text-xs text-muted",
    )
    return section(
        t("What its agents may see and do"),
        rx.el.table(
            head,
            rx.el.tbody(*[_module(*module) for module in _MODULES], class_name="divide-y divide-line"),
            class_name="w-full border-collapse text-sm",
        ),
        description=t("Whoever may do something may see it as well. Changes act at once."),
    )


def _module(name: str, label: Any, see: Any, do: Any) -> rx.Component:
    parts = [words for words in (see, do) if words is not None]
    about = rx.el.span(
        *[part for words in parts for part in (rx.el.span(" · ", aria_hidden=True), words)][1:],
        class_name="mt-0.5 block text-xs font-normal text-muted text-pretty",
    )
    return rx.el.tr(
        rx.el.th(label, about, scope="row", class_name="py-2.5 pe-3 text-start font-medium"),
        _cell(name, "see", t("See: {name}", name=label)) if see is not None else rx.el.td(),
        _cell(name, "do", t("Do: {name}", name=label)),
    )


def _cell(module: str, deed: str, label: Any) -> rx.Component:
    permission = f"{module}.{deed}"
    held = TeamEditor.permissions.contains(permission)
    grantable = TeamEditor.team["grantable"].contains(permission)
    box = Check.create(
        id=f"{module}-{deed}",
        checked=held,
        disabled=~(grantable | held),
        on_change=lambda checked: TeamEditor.grant(module, deed, checked),
        class_name="check block",
        custom_attrs={"aria-label": label},
    )
    return rx.el.td(rx.el.label(box, class_name="mx-auto grid size-10 place-items-center"))


def _conversations() -> rx.Component:
    return section(
        t("Conversations"),
        stack(
            rx.el.div(
                select_field(
                    "visibility",
                    t("Its agents see"),
                    list(VISIBILITY.items()),
                    default_value=TeamEditor.team["visibility"],
                    errors=Feedback.errors,
                ),
                select_field(
                    "strategy",
                    t("Who gets a conversation of the team"),
                    list(STRATEGY.items()),
                    default_value=TeamEditor.team["strategy"],
                    help=t("By hand: agents take it themselves, or somebody gives it to them."),
                    errors=Feedback.errors,
                ),
                class_name="grid gap-5 sm:grid-cols-2",
            ),
            switch(
                "may_reassign",
                t("Agents may hand conversations on"),
                help=t("Otherwise they may only take what is free and put back their own."),
                checked=TeamEditor.may_reassign,
                on_change=TeamEditor.let_reassign,
            ),
            switch(
                "takes_new",
                t("Takes new customers"),
                help=t("Whoever writes for the first time comes to this team. Only one team can do this."),
                checked=TeamEditor.takes_new,
                on_change=TeamEditor.let_take_new,
            ),
            gap="gap-5",
        ),
    )
