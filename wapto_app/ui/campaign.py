"""What only the wizard of a campaign has: the message on a phone, when an offer ends, and how fast it goes out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class CampaignPreview(rx.Component):
    """A ``mapping.Preview`` as its reader sees it; see ``campaign_preview.jsx``."""

    library = source("campaign_preview.jsx")
    tag = "CampaignPreview"

    shown: rx.Var[Any]


class LiveTime(rx.Component):
    """A moment on the reader's own clock; ``value`` and what ``on_change`` hears are ISO 8601, or empty.

    See ``campaign_time.jsx``.
    """

    library = source("campaign_time.jsx")
    tag = "LiveTime"
    _is_form_control = True

    value: rx.Var[str]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class RateSlider(rx.Component):
    """Messages per second up to ``most``, and how long ``people`` messages take; see ``campaign_rate.jsx``.

    ``on_change`` hears the rate, 0 for as fast as it may go.
    """

    library = source("campaign_rate.jsx")
    tag = "RateSlider"
    _is_form_control = True

    value: rx.Var[float]
    most: rx.Var[int]
    people: rx.Var[int]
    label: rx.Var[str]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(int)]
