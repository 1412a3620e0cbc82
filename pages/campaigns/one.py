"""The page of one campaign."""

from __future__ import annotations

import reflex as rx

from pages.campaigns.dialogs import campaign_dialogs
from pages.campaigns.overview import overview
from pages.frame import frame
from state.campaigns.one import OneCampaign
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button_link
from wapto_app.ui.card import card, page_body
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines

ROUTE = "/campaigns/[campaign_ref]"


def one() -> rx.Component:
    missing = empty_state(
        "search-x",
        t("This campaign is not here"),
        t("It may have been deleted."),
        button_link(t("All campaigns"), "/campaigns"),
    )
    shown = rx.cond(OneCampaign.missing, card(missing, class_name=""), overview())
    return frame(
        t("Campaign"),
        page_body(rx.cond(OneCampaign.loaded, shown, card(skeleton_lines(8))), width="max-w-6xl"),
        campaign_dialogs(),
        permission=Permission.CAMPAIGNS_SEE,
    )
