"""Composition root: the only module that knows every page, route and task."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import reflex as rx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from pages import (
    admin_accounts,
    admin_plans,
    admin_subscriptions,
    agents,
    business_hours,
    campaigns,
    connect,
    contacts,
    contacts_import,
    fields,
    first_password,
    inbox,
    integrations,
    invite,
    login,
    login_code,
    media_library,
    not_found,
    opt_words,
    prices,
    profile,
    quick_replies,
    register,
    reset,
    review,
    security_rules,
    segment,
    segments,
    setup,
    subscription,
    tags,
    tasks,
    team,
    teams,
    templates,
    two_factor,
    typing_sign,
)
from pages.admin_settings import backups as settings_backups
from pages.admin_settings import branding as settings_branding
from pages.admin_settings import mail as settings_mail
from pages.admin_settings import meta_app as settings_meta_app
from pages.admin_settings import payments as settings_payments
from pages.admin_settings import registration as settings_registration
from pages.admin_settings import retention as settings_retention
from pages.campaigns import compare as compare_campaigns
from pages.campaigns import one as one_campaign
from pages.campaigns import wizard as campaign_wizard
from pages.contacts import detail as contact_detail
from pages.contacts import duplicates as contact_duplicates
from pages.review import conversation as review_conversation
from pages.templates import beginning as template_beginning
from pages.templates import details as template_details
from pages.templates import editing as template_editing
from state import base
from state.access import Access
from state.accounts import Accounts
from state.admin_settings.backups import Backups
from state.admin_settings.branding import BrandingSettings
from state.admin_settings.mail import MailJournal, MailServerSettings
from state.admin_settings.meta_app import MetaAppSettings
from state.admin_settings.payments import StripeSettings
from state.admin_settings.registration import RegistrationSettings
from state.admin_settings.retention import RetentionSettings
from state.agents import Agents
from state.business_hours import BusinessHours
from state.campaigns.compare import CompareCampaigns
from state.campaigns.listing import Campaigns
from state.campaigns.one import OneCampaign
from state.campaigns.recipients import CampaignPeople
from state.campaigns.report import CampaignReport
from state.campaigns.steps import OpenDraft
from state.campaigns.wizard import CampaignWizard
from state.contacts import ContactList, ContactPage, Duplicates
from state.fields import Fields
from state.imports import Imports
from state.inbox import Composer, ContactPanel, InboxList, OpenConversation, ScheduledMessages
from state.integrations import Integrations
from state.library import MediaLibrary
from state.opt_words import OptWords
from state.payment import Payment
from state.plans import Plans
from state.prices import Prices
from state.profile import Profile
from state.quick_replies import QuickReplies
from state.review import Behind, Review
from state.review_conversation import ReviewedConversation
from state.security_rules import SecurityRules
from state.segment_editor import SegmentEditor
from state.segments import Segments
from state.shell import Shell
from state.subscription import Subscription
from state.subscriptions import Subscriptions
from state.tags import Tags
from state.tasks import Tasks
from state.team import TeamEditor
from state.teams import Teams
from state.templates import NewTemplate, TemplateDetails, TemplateEditing, TemplateList
from state.two_factor import TwoFactor
from state.typing_sign import TypingSign
from wapto_app import bundle, demo, runtime
from wapto_app.jobs import background, presence
from wapto_app.security import cookies
from wapto_app.security.sockets import cookies_of_tabs, guard
from wapto_app.settings import get_settings
from wapto_app.ui import shell, tokens
from wapto_app.web import (
    admin_settings,
    auth,
    branding,
    campaign_uploads,
    guide,
    headers,
    health,
    imports,
    invoices,
    limits,
    media,
    message_prices,
    metrics,
    sandbox,
    start,
    stripe,
    transcript,
    webhooks,
)
from wapto_app.web import campaigns as web_campaigns
from wapto_app.web import contacts as web_contacts
from wapto_app.web import library as web_library
from wapto_app.web import review as web_review
from wapto_app.web import two_factor as two_factor_routes
from wapto_app.web.agents import routes as agents_routes

_settings = get_settings()

_routes = [
    *start.routes,
    *health.routes,
    *metrics.routes,
    *webhooks.routes,
    *stripe.routes,
    *media.routes,
    *web_library.routes,
    *auth.routes,
    *two_factor_routes.routes,
    *agents_routes,
    *guide.routes,
    *invoices.routes,
    *branding.routes,
    *admin_settings.routes,
    *sandbox.routes(_settings),
    *web_review.routes,
    *transcript.routes,
    *web_campaigns.routes,
    *web_contacts.routes,
    *imports.routes,
    *campaign_uploads.routes,
    *message_prices.routes,
]

_is_https = _settings.public_url.startswith("https://")
_with_headers = partial(
    headers.SecurityHeaders,
    pages=headers.BuiltPages(bundle.client_dir()),
    https=_is_https,
)

app = rx.App(
    # Each wraps what stands before it: the last one sees every request first.
    api_transformer=[
        Starlette(routes=_routes),
        limits.NoReflexUploads,
        partial(
            limits.BodyLimit,
            larger={
                "/webhooks/": 8 * limits.MEBIBYTE,
                "/media": 110 * limits.MEBIBYTE,
                "/library": 110 * limits.MEBIBYTE,
                "/imports": 51 * limits.MEBIBYTE,
                "/campaign-uploads": 51 * limits.MEBIBYTE,
                "/message-prices": 3 * limits.MEBIBYTE,
                "/admin/save/logo": 3 * limits.MEBIBYTE,
                "/sandbox/": 110 * limits.MEBIBYTE,
            },
        ),
        partial(limits.SameOrigin, public_url=_settings.public_url),
        _with_headers,
        metrics.Observed,
    ],
    backend_exception_handler=base.on_error,
    stylesheets=tokens.STYLESHEETS,
    head_components=tokens.head(),
    hydrate_fallback=shell.waiting_shell,
    toaster=None,
    reset_style=False,  # Tailwind brings the same
    app_wraps={},
)
guard(app, base.refuse)


@asynccontextmanager
async def _serve() -> AsyncIterator[None]:
    """The life of a serving process, inside that of the page."""
    async with runtime.running(_settings) as process:
        process.hub.deliver = base.deliver_to(app)
        process.hub.listen(webhooks.follow_channels)
        cookies.listen(process.hub)
        runtime.collect_seldom()
        here = presence.noting(process, partial(cookies_of_tabs, app))
        async with background.working(process), metrics.watching_the_loop(), here, _demo(process):
            yield
            # What was promised before the stop, such as a mail with a link, still goes out.
            await auth.settled()


@asynccontextmanager
async def _demo(process: runtime.Runtime) -> AsyncIterator[None]:
    running = demo.sandbox(_settings)
    if running is None:
        yield
        return
    async with running, demo.stripe(_settings) or contextlib.nullcontext():
        filling = asyncio.create_task(demo.fill(process))
        try:
            yield
        finally:
            filling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await filling


app.register_lifespan_task(_serve)


def served() -> ASGIApp:
    """What the server calls: the app, and in front of it what needs none of the page's layers."""
    deliveries = webhooks.Deliveries(headers.of_plain_text(https=_is_https))
    return webhooks.InFront(app(), metrics.Observed(deliveries))


def _page(component: Any, route: str, *on_load: Any) -> None:
    app.add_page(component, route=route, title="Wapto", on_load=list(on_load))


_page(login.login, "/login", Access.open_login)
_page(login_code.login_code, "/login/code", Access.open_login)
_page(setup.setup, "/setup", Access.open_setup)
_page(register.register, "/register", Access.open_login)
_page(reset.reset, "/reset", Access.open_reset)
_page(invite.invite, "/invite/[token]", Access.open_invitation)
_page(
    inbox.inbox,
    inbox.ROUTE,
    Shell.load,
    InboxList.load,
    OpenConversation.load,
    ContactPanel.load,
    Composer.load,
    ScheduledMessages.load_waiting,
)
_page(integrations.integrations, "/integrations", Shell.load, Integrations.load)
_page(connect.connect, "/integrations/connect", Shell.load, Integrations.load)
_page(profile.profile, "/profile", Shell.load, Profile.load, TwoFactor.load)
_page(first_password.first_password, "/profile/password", Shell.load)
_page(two_factor.two_factor, "/profile/two-factor", Shell.load, TwoFactor.load)
_page(contacts_import.contacts_import, "/contacts/import", Shell.load, Imports.load)
_page(opt_words.opt_words, "/settings/opt-out", Shell.load, OptWords.load)
_page(prices.prices, "/settings/prices", Shell.load, Prices.load)
_page(tasks.tasks, "/tasks", Shell.load, Tasks.load)
_page(contacts.contacts, "/contacts", Shell.load, ContactList.load)
_page(contact_duplicates.duplicates, "/contacts/duplicates", Shell.load, Duplicates.load)
_page(contact_detail.contact, contact_detail.ROUTE, Shell.load, ContactPage.load)
_page(tags.tags, "/tags", Shell.load, Tags.load)
_page(fields.fields, "/fields", Shell.load, Fields.load)
_page(segments.segments, "/segments", Shell.load, Segments.load)
_page(segment.segment, segment.ROUTE, Shell.load, SegmentEditor.load)
_page(campaigns.campaigns, "/campaigns", Shell.load, Campaigns.load)
_page(campaign_wizard.starting, "/campaigns/new", Shell.load, CampaignWizard.begin)
_page(campaign_wizard.wizard, campaign_wizard.ROUTE, Shell.load, OpenDraft.load)
_page(compare_campaigns.compare, compare_campaigns.ROUTE, Shell.load, CompareCampaigns.load)
_page(one_campaign.one, one_campaign.ROUTE, Shell.load, OneCampaign.load)
_page(one_campaign.its_people, one_campaign.PEOPLE_ROUTE, Shell.load, OneCampaign.load, CampaignPeople.load)
_page(one_campaign.its_report, one_campaign.REPORT_ROUTE, Shell.load, OneCampaign.load, CampaignReport.load)
_page(media_library.media_library, "/media-library", Shell.load, MediaLibrary.load)
_page(quick_replies.quick_replies, "/quick-replies", Shell.load, QuickReplies.load)
_page(templates.templates, "/templates", Shell.load, TemplateList.load)
_page(template_beginning.new_template, "/templates/new", Shell.load, NewTemplate.load)
_page(template_details.template, template_details.ROUTE, Shell.load, TemplateDetails.load)
_page(template_editing.edit_template, template_editing.ROUTE, Shell.load, TemplateEditing.load)
_page(business_hours.business_hours, "/settings/hours", Shell.load, BusinessHours.load)
_page(typing_sign.typing_sign, "/settings/typing", Shell.load, TypingSign.load)
_page(security_rules.security_rules, "/settings/security", Shell.load, SecurityRules.load)
_page(admin_accounts.admin_accounts, "/admin/accounts", Shell.load, Accounts.load)
_page(teams.teams, "/teams", Shell.load, Teams.load)
_page(team.team, team.ROUTE, Shell.load, TeamEditor.load)
_page(agents.agents, "/agents", Shell.load, Agents.load)
_page(subscription.subscription, "/subscription", Shell.load, Payment.returned, Subscription.load)
_page(admin_plans.admin_plans, "/admin/plans", Shell.load, Plans.load)
_page(admin_subscriptions.admin_subscriptions, "/admin/subscriptions", Shell.load, Subscriptions.load)
_page(review.review, "/review", Shell.load, Review.load, Behind.load)
_page(
    review_conversation.review_conversation,
    "/review/[conversation_id]",
    Shell.load,
    ReviewedConversation.load,
)
_settings_page = "/admin/settings"
_page(settings_branding.branding, _settings_page, Shell.load, BrandingSettings.load)
_page(
    settings_registration.registration,
    f"{_settings_page}/registration",
    Shell.load,
    RegistrationSettings.load,
)
_page(settings_mail.mail, f"{_settings_page}/mail", Shell.load, MailServerSettings.load, MailJournal.load)
_page(settings_payments.payments, f"{_settings_page}/payments", Shell.load, StripeSettings.load)
_page(settings_meta_app.meta_app, f"{_settings_page}/meta-app", Shell.load, MetaAppSettings.load)
_page(settings_retention.retention, f"{_settings_page}/retention", Shell.load, RetentionSettings.load)
_page(settings_backups.backups, f"{_settings_page}/backups", Shell.load, Backups.load)
app.add_page(not_found.not_found, route="404", title="Wapto")

if os.environ.get("WAPTO_DEV") == "1":
    from pages import kitchen_sink
    from pages.kitchen_sink import samples

    _page(kitchen_sink.kitchen_sink, "/kitchen-sink", Shell.load, samples.Sink.open)
