"""The catalog of mails: subject, paragraphs and the button's words of each kind, in each language.

Gaps are those of ``letters``, and ``{brand}``, the install's own name. Every mail may use it.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """``action`` is what the button says; empty without one. ``after`` stands below it."""

    subject: str
    paragraphs: tuple[str, ...]
    action: str = ""
    after: str = ""


_EN = {
    "invitation": Words(
        "{inviter} invites you to {brand}",
        ("Hello,", "{inviter} invites you to the workspace {brand}. Join within {days} days:"),
        "Join",
    ),
    "reset": Words(
        "Choose a new password",
        (
            "Hello {name},",
            "somebody asked for a new password for your account. Choose one here within an hour:",
        ),
        "Choose a new password",
        "If it was not you, do nothing: your password stays as it is.",
    ),
    "email_changed": Words(
        "Your sign-in address has changed",
        (
            "Hello {name},",
            "your account now signs in with {new} instead of this address.",
            "If it was not you, ask the person who runs {brand} for a link to a new password at once.",
        ),
    ),
    "two_factor_off": Words(
        "Two-factor sign-in is switched off",
        (
            "Hello {name},",
            "your account is now protected by its password alone.",
            "If it was not you, change your password at once, and switch two-factor sign-in on again:",
        ),
        "Open your profile",
    ),
    "trial_ending": Words(
        "Your trial ends on {until}",
        (
            "Hello {name},",
            "your trial of {brand} ends on {until}. Choose a plan before then, and nothing changes.",
            "Without a plan, messages still arrive and are kept, but nobody can answer them.",
        ),
        "Choose a plan",
    ),
    "trial_ended": Words(
        "Your trial has ended",
        (
            "Hello {name},",
            "your trial of {brand} has ended. Messages still arrive and are kept; sending stands still.",
            "Choose a plan, and everything goes on where it stopped:",
        ),
        "Choose a plan",
    ),
    "payment_failed": Words(
        "A payment has failed",
        ("Hello {name},", "{amount} could not be collected. Check how you pay:"),
        "Open the subscription",
    ),
    "payment_retry": Words(
        "A payment has failed",
        (
            "Hello {name},",
            "{amount} could not be collected. It is tried again on {at}. Check how you pay before then:",
        ),
        "Open the subscription",
    ),
    "invoice": Words(
        "Invoice {number}",
        ("Hello {name},", "invoice {number} over {amount} is ready. Thank you."),
        "Open the invoice",
    ),
    "limit_warning": Words(
        "{percent} % of your {what} are used",
        (
            "Hello {name},",
            "you use {used} of the {limit} {what} of your plan.",
            "At the limit nothing is lost, but no more can be added.",
        ),
        "See the plans",
    ),
    "note": Words("{subject}", ("{text}",), "Open"),
    "test": Words(
        "A test from {brand}",
        ("Hello,", "this mail server works. {brand} can send invitations and links to new passwords."),
    ),
}

_ES = {
    "invitation": Words(
        "{inviter} te invita a {brand}",
        ("Hola:", "{inviter} te invita al espacio de trabajo {brand}. Únete en los próximos {days} días:"),
        "Unirme",
    ),
    "reset": Words(
        "Elige una contraseña nueva",
        (
            "Hola, {name}:",
            "alguien ha pedido una contraseña nueva para tu cuenta. Elígela aquí en menos de una hora:",
        ),
        "Elegir una contraseña nueva",
        "Si no has sido tú, no hagas nada: tu contraseña sigue siendo la misma.",
    ),
    "email_changed": Words(
        "Tu dirección de acceso ha cambiado",
        (
            "Hola, {name}:",
            "tu cuenta ahora inicia sesión con {new} en lugar de esta dirección.",
            "Si no has sido tú, pide enseguida a quien gestiona {brand} un enlace para una contraseña nueva.",
        ),
    ),
    "two_factor_off": Words(
        "La verificación en dos pasos está desactivada",
        (
            "Hola, {name}:",
            "tu cuenta está protegida ahora solo por su contraseña.",
            "Si no has sido tú, cambia tu contraseña enseguida y vuelve a activar la verificación en dos pasos:",
        ),
        "Abrir tu perfil",
    ),
    "trial_ending": Words(
        "Tu prueba termina el {until}",
        (
            "Hola, {name}:",
            "tu prueba de {brand} termina el {until}. Elige un plan antes y no cambiará nada.",
            "Sin un plan, los mensajes siguen llegando y se guardan, pero nadie puede contestarlos.",
        ),
        "Elegir un plan",
    ),
    "trial_ended": Words(
        "Tu prueba ha terminado",
        (
            "Hola, {name}:",
            "tu prueba de {brand} ha terminado. Los mensajes siguen llegando y se guardan; el envío está detenido.",
            "Elige un plan y todo seguirá donde se quedó:",
        ),
        "Elegir un plan",
    ),
    "payment_failed": Words(
        "Un pago ha fallado",
        ("Hola, {name}:", "no se han podido cobrar {amount}. Revisa tu forma de pago:"),
        "Abrir la suscripción",
    ),
    "payment_retry": Words(
        "Un pago ha fallado",
        (
            "Hola, {name}:",
            "no se han podido cobrar {amount}. Se volverá a intentar el {at}. Revisa antes tu forma de pago:",
        ),
        "Abrir la suscripción",
    ),
    "invoice": Words(
        "Factura {number}",
        ("Hola, {name}:", "la factura {number} por {amount} está lista. Gracias."),
        "Abrir la factura",
    ),
    "limit_warning": Words(
        "Has usado el {percent} % de tus {what}",
        (
            "Hola, {name}:",
            "usas {used} de {limit} ({what}) de tu plan.",
            "Al llegar al límite no se pierde nada, pero no se puede añadir más.",
        ),
        "Ver los planes",
    ),
    "note": Words("{subject}", ("{text}",), "Abrir"),
    "test": Words(
        "Una prueba de {brand}",
        (
            "Hola:",
            "este servidor de correo funciona. {brand} puede enviar invitaciones y enlaces para contraseñas.",
        ),
    ),
}

CATALOG: dict[str, dict[str, Words]] = {"en": _EN, "es": _ES}


def words_of(kind: str, locale: str) -> Words:
    """In the language, else in English. Raises KeyError for a kind that does not exist."""
    return CATALOG.get(locale.split("-")[0], _EN).get(kind) or _EN[kind]
