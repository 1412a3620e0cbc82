"""The ``wapto`` command. A user's mistake is one line on stderr and exit code 2; a failure is one line and 1."""

from __future__ import annotations

import asyncio
import getpass
import multiprocessing
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from wapto_app import bundle, checks, cli_backup, log, migrations, serve
from wapto_app.runtime import Runtime, running
from wapto_app.security.permissions import Actor
from wapto_app.security.secrets import BadKey, SecretsUnreadable
from wapto_app.services.errors import DomainError, Invalid
from wapto_app.settings import BadSettings, Settings, get_settings

MISTAKES = (
    BadKey,
    BadSettings,
    Invalid,
    SecretsUnreadable,
    checks.DataFolderUnusable,
    checks.KeyMissing,
    checks.RedisUnreachable,
    migrations.DatabaseTooNew,
    migrations.DatabaseUnreachable,
    serve.PortTaken,
    *cli_backup.MISTAKES,
)
Result = TypeVar("Result")

app = typer.Typer(
    help="Wapto: the self-hosted WhatsApp Business workspace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
admin = typer.Typer(help="Accounts, from the shell of the server.", no_args_is_help=True)
connect = typer.Typer(help="Connect a WhatsApp number.", no_args_is_help=True)
app.add_typer(admin, name="admin")
app.add_typer(connect, name="connect")
out = Console(highlight=False)


class UsageError(Exception):
    """The options do not fit together."""


def main() -> None:
    """Entry point of the package."""
    try:
        app()
    except (*MISTAKES, UsageError) as mistake:
        _complain(str(mistake))
        raise SystemExit(2) from None
    except (DomainError, bundle.BuildFailed, *cli_backup.FAILURES) as failure:
        _complain(str(failure))
        raise SystemExit(1) from None


def _complain(text: str) -> None:
    print(f"wapto: {text}", file=sys.stderr)


@app.command()
def run(
    demo: Annotated[
        bool, typer.Option("--demo", help="Also a sandbox with a phone, and sample data.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on (WAPTO_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on (WAPTO_PORT).")
    ] = None,
) -> None:
    """Bring the database up to date, build the page if it changed, and serve everything on one port."""
    settings = _settings(WAPTO_HOST=host, WAPTO_PORT=port, WAPTO_DEMO="1" if demo else None)
    _prepare(settings)
    checks.check_port(settings)
    _build_page()
    first_start = not checks.has_accounts(settings)
    for line in _in_own_process(_tell_first_steps) if first_start else _tell_first_steps():
        out.print(line, soft_wrap=True)
    raise SystemExit(serve.run(settings, lambda seconds: _announce(settings, seconds)))


@app.command()
def worker() -> None:
    """Carry out tasks beside other processes; needs WAPTO_REDIS_URL and the same database and key."""
    from wapto_app.jobs import background

    settings = _settings()
    if not settings.redis_url:
        raise UsageError("A worker needs WAPTO_REDIS_URL: without Redis, wapto run does all the work itself.")
    _prepare(settings)
    out.print("Working. Stop with Ctrl-C.")
    _run_async(background.until_stopped, settings)


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8900,
    webhook_url: Annotated[str, typer.Option(help="Callback of the business; none when empty.")] = "",
) -> None:
    """Run the stand-in for WhatsApp by itself: Meta's API and a phone. Prints what connects a number to it."""
    from integrations.sandbox.__main__ import main as stand_in

    settings = _settings()
    checks.check_data_folder(settings)
    serve.check_port(host, port)
    options = [
        "--host",
        host,
        "--port",
        str(port),
        "--data",
        str(settings.data_dir / "sandbox-alone.sqlite3"),
    ]
    raise SystemExit(stand_in([*options, *(["--webhook-url", webhook_url] if webhook_url else [])]))


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    settings = _settings()
    checks.check_data_folder(settings)
    checks.check_database(settings)
    changed = migrations.upgrade(settings.database)
    out.print(f"Database {'migrated to' if changed else 'already at'} revision {migrations.head()}.")


@app.command()
def replay() -> None:
    """Apply the webhooks again that could not be applied before."""
    from wapto_app.services import billing, ingest

    async def again(runtime: Runtime) -> tuple[int, int]:
        waiting = await runtime.writer.run(ingest.replay, None)
        failed, more = 0, True
        while more:
            outcome = await runtime.writer.run(ingest.apply_pending, None)
            failed, more = failed + outcome.failed, outcome.more
        payments = await billing.replay(runtime.db, runtime.till)
        return waiting + payments.applied + payments.failed, failed + payments.failed

    settings = _settings()
    _prepare(settings)
    waiting, failed = _run_async(again, settings)
    out.print(f"{waiting} webhooks taken up again, {failed} failed again.")
    if failed:
        raise SystemExit(1)


@app.command()
def doctor() -> None:
    """Check the install, and say what to do about each fault."""
    settings = _settings()
    findings = checks.examine(settings)
    table = Table("", "Check", "Finding", "What to do")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]no[/]"
        table.add_row(mark, finding.name, finding.detail, finding.fix)
    out.print(table)
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


@app.command()
def backup(
    file: Annotated[
        Path, typer.Argument(help="Where to write it, such as wapto.tar.gz. Must not exist yet.")
    ],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Also the secret key. Keep such a file like a password.")
    ] = False,
) -> None:
    """Write database and files into one file, while Wapto runs, and check it."""
    settings = _settings()
    checks.check_database(settings)
    cli_backup.backup(settings, file, with_key=with_key, out=out)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that wapto backup wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the data that is there, which is lost.")
    ] = False,
) -> None:
    """Put a backup back, while Wapto stands still. Checks all of it before anything is touched."""
    settings = _settings()
    checks.check_data_folder(settings)
    cli_backup.restore(settings, file, replace=replace, out=out)


@admin.command("create")
def admin_create(
    email: Annotated[str | None, typer.Option(help="E-mail address to sign in with.")] = None,
    name: Annotated[str | None, typer.Option(help="Name to show.")] = None,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    operator_only: Annotated[bool, typer.Option(help="Administers the install, runs no business.")] = False,
) -> None:
    """Make an admin without the set-up link. Asks for what is not given."""
    from wapto_app.security import passwords
    from wapto_app.services import accounts

    settings = _settings()
    _prepare(settings)
    email = email or typer.prompt("E-mail address")
    name = name or typer.prompt("Name")
    password = _password(from_stdin=password_stdin)

    async def create(runtime: Runtime) -> None:
        await passwords.check(password, own_words=[email, name])
        person = accounts.Person(name, email, await passwords.hashed(password))
        async with runtime.db.write() as session:
            await accounts.create_admin(session, person, runs_business=not operator_only)

    _run_async(create, settings)
    out.print(f"{name} may sign in with {email}.")


@admin.command("reset-link")
def admin_reset_link(email: Annotated[str, typer.Argument(help="E-mail address of the account.")]) -> None:
    """Print a link with which somebody chooses a new password; it works once, for an hour."""
    from wapto_app.services import accounts

    settings = _settings()
    _prepare(settings)

    async def make(runtime: Runtime) -> str:
        async with runtime.db.write() as session:
            return await accounts.access_link_of(session, Actor.system(), email)

    out.print(f"{settings.base_url}{_run_async(make, settings)}", soft_wrap=True)


@admin.command("two-factor-off")
def admin_two_factor_off(
    email: Annotated[str, typer.Argument(help="E-mail address of the account.")],
) -> None:
    """Switch two-factor login off for somebody who lost the app and the recovery codes."""
    from wapto_app.services import accounts, two_factor

    settings = _settings()
    _prepare(settings)

    async def switch_off(runtime: Runtime) -> str:
        async with runtime.db.write() as session:
            account_id = await accounts.id_of(session, Actor.system(), email)
            return await two_factor.switch_off_for(session, Actor.system(), account_id)

    out.print(f"{_run_async(switch_off, settings)} signs in with the password alone now.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the password on; use --password-stdin.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("The same again: "):
        raise UsageError("The two passwords differ.")
    return password


@connect.command("manual")
def connect_manual(
    phone_number_id: Annotated[str, typer.Option(help="Meta's id of the phone number.")],
    waba_id: Annotated[str, typer.Option(help="Id of the WhatsApp Business account.")],
    access_token: Annotated[str, typer.Option(help="System user token; better in WAPTO_ACCESS_TOKEN.")] = "",
    app_secret: Annotated[str, typer.Option(help="Secret of the Meta app; better in WAPTO_APP_SECRET.")] = "",
    verify_token: Annotated[str, typer.Option(help="For Meta's handshake; made up when empty.")] = "",
) -> None:
    """Connect a number of WhatsApp's Cloud API; the values are checked with Meta before they are stored."""
    from wapto_app.services import channels

    settings = _settings()
    _prepare(settings)
    token = access_token or os.environ.get("WAPTO_ACCESS_TOKEN", "")
    secret = app_secret or os.environ.get("WAPTO_APP_SECRET", "")
    if not token or not secret:
        raise UsageError("Give --access-token and --app-secret, or WAPTO_ACCESS_TOKEN and WAPTO_APP_SECRET.")

    form = channels.ConnectForm(
        phone_number_id=phone_number_id,
        waba_id=waba_id,
        access_token=token,
        app_secret=secret,
        verify_token=verify_token,
    )

    async def connect_number(runtime: Runtime) -> str:
        channel_id = await channels.connect(runtime.db, Actor.system(), runtime.gateway, form)
        async with runtime.db.read() as session:
            numbers = await channels.details(session, Actor.system(), runtime.secrets)
        return next(number["verify_token"] for number in numbers if number["id"] == channel_id)

    given = _run_async(connect_number, settings)
    out.print("Connected. Paste into the Meta app, under WhatsApp → Configuration:")
    out.print(f"  Callback URL: {settings.base_url}/webhooks/whatsapp", soft_wrap=True)
    out.print(f"  Verify token: {given}", soft_wrap=True)


def _settings(**overrides: object) -> Settings:
    """The settings with the options of the command on top, for this process and those that it starts."""
    os.environ.update({name: str(value) for name, value in overrides.items() if value is not None})
    settings = get_settings()
    # A relative folder is meant from here, also by a process that starts elsewhere.
    os.environ["WAPTO_DATA_DIR"] = str(settings.data_dir)
    log.configure(settings.log_level, settings.log_format)
    return settings


def _prepare(settings: Settings) -> None:
    """Whatever can be wrong with an install is said now, before anything is begun."""
    checks.check_data_folder(settings)
    checks.check_database(settings)
    checks.check_key(settings)
    checks.check_redis(settings)
    if migrations.upgrade(settings.database):
        out.print(f"Database migrated to revision {migrations.head()}.")


def _build_page() -> None:
    if bundle.is_current():
        return
    first = not (bundle.web_dir() / "node_modules").exists()
    expected = "about a minute, once" if first else "some seconds"
    out.print(f"Building the page ({expected}) …")
    with out.status("starting") as status:
        bundle.build(status.update)
    out.print("The page is built.")


def _run_async(work: Callable[[Runtime], Awaitable[Result]], settings: Settings) -> Result:
    async def inside() -> Result:
        async with running(settings) as runtime:
            return await work(runtime)

    return asyncio.run(inside())


def _in_own_process(work: Callable[[], Result]) -> Result:
    """The server forks its worker: a thread that hashed a password here would be missing there, and waited for."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work).result()


def _tell_first_steps() -> list[str]:
    return _run_async(_first_steps, get_settings())


async def _first_steps(runtime: Runtime) -> list[str]:
    """What a newcomer must be told once: the demo's logins, or where to make the first account."""
    if runtime.settings.demo:
        from wapto_app import demo

        return list(await demo.prepare(runtime))
    from wapto_app.services import accounts

    async with runtime.db.write() as session:
        path = await accounts.ensure_setup_link(session)
    if path is None:
        return []
    return [f"Make the first account here (the link works once): {runtime.settings.base_url}{path}"]


def _announce(settings: Settings, seconds: float) -> None:
    out.print(f"Wapto answers after {seconds:.1f} s: open {settings.base_url}", soft_wrap=True)


if __name__ == "__main__":
    main()
