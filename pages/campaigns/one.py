"""The page of one campaign, and its views: how far it is, its people, its report."""

from __future__ import annotations

import reflex as rx

from pages.campaigns.dialogs import campaign_dialogs
from pages.campaigns.overview import head, overview
from pages.campaigns.people import people
from pages.campaigns.report import report
from pages.frame import frame
from state.campaigns.one import OneCampaign
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button_link
from wapto_app.ui.card import card, page_body, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines

ROUTE = "/campaigns/[campaign_ref]"
PEOPLE_ROUTE = f"{ROUTE}/recipients"
REPORT_ROUTE = f"{ROUTE}/report"


def one() -> rx.Component:
    return _view(overview())


def its_people() -> rx.Component:
    return _view(people())


def its_report() -> rx.Component:
    return _view(report())


def _view(body: rx.Component) -> rx.Component:
    missing = empty_state(
        "search-x",
        t("This campaign is not here"),
        t("It may have been deleted."),
        button_link(t("All campaigns"), "/campaigns"),
    )
    shown = rx.cond(OneCampaign.missing, card(missing, class_name=""), stack(head(), body))
    return frame(
        t("Campaign"),
        page_body(rx.cond(OneCampaign.loaded, shown, card(skeleton_lines(8))), width="max-w-6xl"),
        campaign_dialogs(),
        permission=Permission.CAMPAIGNS_SEE,
    )
