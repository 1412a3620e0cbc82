"""Importing contacts from a file: upload, columns, check, import; and what was imported before."""

from __future__ import annotations

from typing import Any

import reflex as rx

from integrations.tables import MOST_BYTES
from pages.frame import frame
from pages.import_columns import columns_step
from pages.regions import REGIONS
from state.imports import PATH, Imports
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import status_badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import card, page_body, page_header, stack
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.link import RouteLink, file_link
from wapto_app.ui.progress import progress
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.stepper import stepper
from wapto_app.ui.table_upload import table_upload
from wapto_app.ui.time import relative_time

_SEES_CONTACTS = Shell.permissions.contains(Permission.CONTACTS_SEE.value)
_ACCEPT = ".csv,.tsv,.txt,.xlsx,.xls,.ods,.xlsb,text/csv"
_HEAD, _SHOWN = Imports.head, Imports.shown
_FILE_LINK = (
    "inline-flex h-9 flex-none items-center gap-2 rounded-md border border-line bg-surface px-3.5 text-sm "
    "font-medium whitespace-nowrap text-ink shadow-card hover:bg-hover"
)
_STATES = {
    "uploaded": (t("Not begun"), "neutral"),
    "checking": (t("Being checked"), "info"),
    "checked": (t("Checked"), "neutral"),
    "running": (t("Running"), "info"),
    "done": (t("Done"), "accent"),
    "stopped": (t("Stopped"), "warning"),
    "undoing": (t("Being undone"), "info"),
    "undone": (t("Undone"), "neutral"),
}


def contacts_import() -> rx.Component:
    steps = (t("Upload"), t("Columns"), t("Check"), t("Import"))
    body = rx.cond(
        Imports.allowed,
        stack(
            stepper(steps, rx.cond(_is_over(), 4, Imports.step), label=t("Steps of the import")),
            _problem(),
            rx.match(
                Imports.step,
                (0, _upload()),
                (1, columns_step(REGIONS)),
                (2, _check()),
                _run(),
            ),
            _history(),
        ),
        card(_not_allowed(), class_name=""),
    )
    return frame(
        t("Import contacts"),
        page_body(
            page_header(
                t("Import contacts"),
                rx.cond(
                    _HEAD["id"] > 0, button_link(t("Import another file"), PATH, icon="plus"), rx.fragment()
                ),
                description=t("From a CSV or Excel file, into your contacts."),
            ),
            rx.cond(Imports.loaded, body, card(skeleton_lines(6))),
            _undo_dialog(),
        ),
        permission=Permission.CONTACTS_DO,
    )


def _is_over() -> rx.Var[bool]:
    return (_HEAD["state"] == "done") | (_HEAD["state"] == "undone")


def _not_allowed() -> rx.Component:
    return empty_state(
        "file-up",
        t("You cannot import contacts"),
        t("Only who may see all contacts and their numbers can import. Ask the owner to do it."),
    )


def _problem() -> rx.Component:
    said = banner(from_server(_HEAD["error"]), tone="warning")
    return rx.cond(_HEAD["error"] != "", said, rx.fragment())


def _upload() -> rx.Component:
    return card(table_upload(action="/imports", accept=_ACCEPT, most=MOST_BYTES, on_done=Imports.uploaded))


def _check() -> rx.Component:
    return rx.cond(_HEAD["state"] == "checking", _checking(), _outlook())


def _share() -> rx.Var[Any]:
    return rx.cond(_HEAD["total"] > 0, _HEAD["position"] / _HEAD["total"] * 100, 0)


def _checking() -> rx.Component:
    return card(
        _name(),
        rx.el.p(t("Every row is checked. Nothing is imported yet."), class_name="mt-1 text-sm text-muted"),
        progress(_share(), label=t("Rows that are checked"), class_name="mt-5"),
        _rows_done(),
        rx.el.div(button(t("Cancel"), on_click=Imports.cancel), class_name="mt-5 flex justify-end"),
    )


def _name() -> rx.Component:
    return rx.el.h2(_HEAD["filename"], dir="auto", class_name="truncate text-base font-semibold")


def _rows_done() -> rx.Component:
    return rx.el.p(
        t("{done} of {total} rows", done=_HEAD["position"], total=_HEAD["total"]),
        role="status",
        class_name="mt-2 text-sm text-muted tabular-nums",
    )


def _figure(name: Text, value: Any, help: Text = "") -> rx.Component:
    return rx.el.div(
        rx.el.dt(name, class_name="text-xs font-medium text-muted"),
        rx.el.dd(t("{n}", n=value), class_name="mt-0.5 text-xl font-semibold tracking-tight tabular-nums"),
        rx.el.dd(help, class_name="text-xs text-pretty text-faint empty:hidden"),
    )


def _figures(row: Any, *, is_plan: bool) -> rx.Component:
    new = t("will be created") if is_plan else t("were created")
    changed = t("will be changed") if is_plan else t("were changed")
    return rx.el.dl(
        _figure(t("New"), row["created"], new),
        _figure(t("Updated"), row["updated"], changed),
        _figure(t("The same"), row["unchanged"], t("nothing to change")),
        _figure(t("Skipped"), row["skipped"], t("are there already")),
        _figure(t("Wrong"), row["wrong"], t("cannot be taken")),
        class_name="mt-5 grid grid-cols-2 gap-x-4 gap-y-5 sm:grid-cols-5",
    )


def _outlook() -> rx.Component:
    willing = _SHOWN["created"] + _SHOWN["updated"]
    return stack(
        card(
            _name(),
            rx.el.p(
                t("This is what the import would do. Nothing is imported yet."),
                class_name="mt-1 text-sm text-muted",
            ),
            _figures(_SHOWN, is_plan=True),
            _made(t("New tags"), _SHOWN["new_tags"]),
            _made(t("New fields"), _SHOWN["new_fields"]),
            rx.cond(
                _SHOWN["repeated"] > 0,
                rx.el.p(
                    tn(
                        "{n} row repeats a number of the file.",
                        "{n} rows repeat a number of the file.",
                        _SHOWN["repeated"],
                    ),
                    class_name="mt-4 text-sm text-muted",
                ),
                rx.fragment(),
            ),
        ),
        rx.cond(_SHOWN["wrong"] > 0, _reasons(), rx.fragment()),
        rx.el.div(
            button(t("Discard the file"), variant="ghost", on_click=Imports.discard),
            rx.el.div(class_name="flex-1"),
            button(t("Back to the columns"), on_click=Imports.back),
            button(
                rx.cond(
                    willing > 0,
                    tn("Import {n} contact", "Import {n} contacts", willing),
                    t("There is nothing to import"),
                ),
                variant="primary",
                disabled=willing == 0,
                on_click=Imports.start,
            ),
            class_name="flex flex-wrap items-center gap-2",
        ),
    )


def _made(label: Text, names: Any) -> rx.Component:
    shown = rx.el.p(
        rx.el.span(label, ": ", class_name="text-muted"),
        rx.el.span(names.join(", "), dir="auto", class_name="wrap-anywhere"),
        class_name="mt-4 line-clamp-4 text-sm",
    )
    return rx.cond(names.length() > 0, shown, rx.fragment())


def _reasons() -> rx.Component:
    def reason(row: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(from_server(row["reason"]), class_name="min-w-0 flex-1 text-pretty"),
            rx.el.span(
                tn("{n} row", "{n} rows", row["count"]),
                " · ",
                t("first: row {row}", row=row["row"]),
                class_name="flex-none text-muted tabular-nums",
            ),
            key=row["reason"],
            class_name="flex flex-wrap justify-between gap-x-4 gap-y-0.5 px-5 py-3 text-sm",
        )

    return card(
        rx.el.header(
            rx.el.div(
                rx.el.h2(t("Rows that cannot be taken"), class_name="text-base font-semibold"),
                rx.el.p(
                    t("They are left out. Download them, correct them, and import that file later."),
                    class_name="mt-1 text-sm text-muted text-pretty",
                ),
                class_name="min-w-0 flex-1 basis-60",
            ),
            _problem_link(_HEAD["id"]),
            class_name="flex flex-wrap items-start gap-3 p-5",
        ),
        rx.el.ul(rx.foreach(_SHOWN["reasons"], reason), class_name="divide-y border-t"),
        class_name="overflow-hidden",
    )


def _problem_link(import_id: Any) -> rx.Component:
    return file_link(
        rx.icon("download", size=16, aria_hidden=True),
        t("Download wrong rows"),
        href="/imports/" + import_id.to_string() + "/problems.csv",
        class_name=_FILE_LINK,
    )


def _run() -> rx.Component:
    running = rx.fragment(
        rx.el.p(
            rx.cond(
                _HEAD["state"] == "undoing",
                t("What this import did is being taken back."),
                t("You can leave this page: the import goes on by itself."),
            ),
            class_name="mt-1 text-sm text-muted",
        ),
        rx.cond(
            _HEAD["state"] == "running",
            rx.fragment(
                progress(_share(), label=t("Rows that are imported"), class_name="mt-5"),
                _rows_done(),
                _figures(_HEAD, is_plan=False),
                rx.el.div(
                    button(
                        t("Stop the import"),
                        loading=_HEAD["cancelled"],
                        on_click=Imports.cancel,
                    ),
                    class_name="mt-5 flex justify-end",
                ),
            ),
            rx.fragment(),
        ),
    )
    is_busy = (_HEAD["state"] == "running") | (_HEAD["state"] == "undoing")
    return card(_name(), rx.cond(is_busy, running, _result()))


def _result() -> rx.Component:
    words = rx.match(
        _HEAD["state"],
        ("done", t("The import is done.")),
        ("undone", t("The import was undone.")),
        t("The import was stopped. What it did until then stays."),
    )
    undone = rx.el.p(
        tn("{n} contact was put back.", "{n} contacts were put back.", _HEAD["undone"]),
        rx.cond(
            _HEAD["kept"] > 0,
            rx.fragment(
                " ",
                tn(
                    "{n} stays, because somebody worked with it since.",
                    "{n} stay, because somebody worked with them since.",
                    _HEAD["kept"],
                ),
            ),
            rx.fragment(),
        ),
        class_name="mt-4 text-sm",
    )
    return rx.fragment(
        rx.el.p(words, role="status", class_name="mt-1 text-sm text-muted"),
        _figures(_HEAD, is_plan=False),
        rx.cond(_HEAD["state"] == "undone", undone, rx.fragment()),
        rx.el.div(
            rx.cond(_HEAD["has_problems"], _problem_link(_HEAD["id"]), rx.fragment()),
            rx.cond(
                _HEAD["can_undo"],
                button(t("Undo the import"), icon="undo-2", on_click=Imports.ask_to_undo(_HEAD["id"])),
                rx.fragment(),
            ),
            rx.cond(
                _SEES_CONTACTS,
                button_link(t("Show contacts"), "/contacts", variant="primary"),
                rx.fragment(),
            ),
            class_name="mt-5 flex flex-wrap justify-end gap-2",
        ),
    )


def _history() -> rx.Component:
    rows = rx.el.section(
        rx.el.h2(t("Earlier imports"), class_name="mb-3 text-base font-semibold"),
        card(
            rx.el.ul(
                rx.foreach(Imports.history, _past), aria_label=t("Earlier imports"), class_name="divide-y"
            ),
            class_name="overflow-hidden",
        ),
    )
    return rx.cond((Imports.step == 0) & (Imports.history.length() > 0), rows, rx.fragment())


def _past(row: Any) -> rx.Component:
    counts = rx.el.span(
        t("{created} new, {updated} updated", created=row["created"], updated=row["updated"]),
        rx.cond(row["wrong"] > 0, rx.fragment(", ", t("{wrong} wrong", wrong=row["wrong"])), rx.fragment()),
        class_name="tabular-nums",
    )
    return rx.el.li(
        rx.el.div(
            RouteLink.create(
                rx.el.span(row["filename"], dir="auto"),
                to=f"{PATH}?id=" + row["id"].to_string(),
                class_name="rounded font-medium wrap-anywhere underline-offset-2 hover:underline",
            ),
            rx.el.p(
                relative_time(row["created_at"]),
                rx.cond(row["by"] != "", rx.fragment(" · ", row["by"]), rx.fragment()),
                " · ",
                counts,
                class_name="mt-0.5 text-xs text-muted",
            ),
            class_name="min-w-0 flex-1",
        ),
        status_badge(row["state"], _STATES),  # type: ignore[arg-type]
        key=row["id"],
        class_name="flex items-center gap-4 px-5 py-3 text-sm",
    )


def _undo_dialog() -> rx.Component:
    row = Imports.undoing
    return confirm_dialog(
        title=t("Undo the import of “{name}”?", name=row["filename"]),
        text=t(
            "{created} new contacts are deleted and {updated} get back what they had, unless somebody has worked with "
            "them since. Opt-outs stay.",
            created=row["created"],
            updated=row["updated"],
        ),
        confirm=t("Undo the import"),
        on_confirm=Imports.undo,
        open=row["id"] > 0,
        on_close=Imports.do_not_undo,
    )
