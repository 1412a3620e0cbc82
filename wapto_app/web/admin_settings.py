"""The admin's forms with secrets or files in them, which never pass through a screen's state; backups to take away."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import backup, branding, mail, meta_app
from wapto_app.services.billing import keys
from wapto_app.services.errors import DomainError, Invalid, SignedOut
from wapto_app.services.mail import ServerForm
from wapto_app.web.body import TooLarge, read_body
from wapto_app.web.forms import Answer, Form, Text, Visit, form_route, is_foreign
from wapto_app.web.media import refusal


class BrandingForm(Form):
    name: Text
    accent: Text


class MailForm(Form):
    host: Text
    port: Text
    scheme: Text
    username: Text
    password: Text
    sender: Text


class StripeForm(Form):
    secret_key: Text
    webhook_secret: Text


class MetaAppForm(Form):
    app_id: Text
    config_id: Text
    app_secret: Text


async def save_branding(visit: Visit, form: BrandingForm) -> Answer:
    """Afterwards the page is loaded anew, in its new colours."""
    actor = await _admin(visit.cookie)
    async with runtime.get().db.write() as session:
        await branding.save(session, actor, name=form.name, accent=form.accent)
    return Answer({"go": "/admin/settings"})


async def save_mail(visit: Visit, form: MailForm) -> Answer:
    actor = await _admin(visit.cookie)
    async with runtime.get().db.write() as session:
        await mail.save_server(session, actor, runtime.get().secrets, ServerForm(**form.model_dump()))
    return Answer()


async def save_stripe(visit: Visit, form: StripeForm) -> Answer:
    actor = await _admin(visit.cookie)
    async with runtime.get().db.write() as session:
        await keys.save(session, actor, runtime.get().secrets, **form.model_dump())
    return Answer()


async def save_meta_app(visit: Visit, form: MetaAppForm) -> Answer:
    actor = await _admin(visit.cookie)
    async with runtime.get().db.write() as session:
        await meta_app.save(session, actor, runtime.get().secrets, **form.model_dump())
    return Answer()


async def upload_logo(request: Request) -> Response:
    """The raw bytes of a picture; an empty body takes the logo away."""
    if is_foreign(request):
        return Response("This request did not come from this site.", 403)
    process = runtime.get()
    try:
        actor = await _admin(request.headers.get("cookie", ""))
        picture = await read_body(request, branding.LOGO_BYTES)
        key = await branding.keep_logo(actor, process.settings.media_dir, picture) if picture else ""
        async with process.db.write() as session:
            await branding.set_logo(session, actor, key)
    except TooLarge:
        return refusal(Invalid("logo", f"A logo has at most {branding.LOGO_BYTES // 2**20} MB."))
    except DomainError as error:
        return refusal(error)
    return Response(status_code=204)


async def download_backup(request: Request) -> Response:
    """A backup as a file."""
    process = runtime.get()
    name = request.path_params["name"]
    try:
        actor = await _admin(request.headers.get("cookie", ""))
        path = backup.file_of(actor, process.settings, name)
        async with process.db.write() as session:
            await backup.note_download(session, actor, name)
    except DomainError as error:
        return refusal(error)
    headers = {"cache-control": "no-store"}
    return FileResponse(path, media_type="application/gzip", filename=name, headers=headers)


async def _admin(cookie: str) -> Actor:
    actor = await cookies.actor_of(cookie)
    if actor is None:
        raise SignedOut
    actor.require(Permission.ADMIN)
    return actor


routes = [
    form_route("/admin/save/branding", BrandingForm, save_branding),
    form_route("/admin/save/mail", MailForm, save_mail),
    form_route("/admin/save/stripe", StripeForm, save_stripe),
    form_route("/admin/save/meta-app", MetaAppForm, save_meta_app),
    Route("/admin/save/logo", upload_logo, methods=["POST"]),
    Route("/admin/backups/{name}", download_backup, methods=["GET"]),
]
