"""What Meta's words about a template mean, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from wapto_app.models import Template
from wapto_app.services.templates.words import say


class Advice(TypedDict):
    """``kind`` is danger, warning or info. ``meta`` is what Meta wrote itself, empty when it gave only a word.

    ``until`` is ISO 8601: when a pause ends by itself, or a change of category takes effect; empty for neither.
    """

    kind: str
    title: str
    text: str
    todo: str
    meta: str
    until: str


# Meta: rejected_reason of a template. What it means, and what to change.
_REASONS = {
    "ABUSIVE_CONTENT": (
        say(
            "WhatsApp found content that it does not allow: threats, insults, discrimination or forbidden goods."
        ),
        say("Read WhatsApp's commerce and business policies, take out what they forbid, and submit again."),
    ),
    "INVALID_FORMAT": (
        say(
            "Something is wrong with a variable, a sample, a link, the spelling, or the language of the text."
        ),
        say(
            "Check that every variable has a sample that looks real, that links are your own, and that the text is in "
            "the language of the template. Then submit again."
        ),
    ),
    "INCORRECT_CATEGORY": (
        say("The text belongs to another category than the one that was chosen."),
        say(
            "Offers, news and anything that invites to buy is marketing. Change the category, or keep only what "
            "concerns an order or a request of the customer."
        ),
    ),
    "TAG_CONTENT_MISMATCH": (
        say("The text does not fit the category or the language of the template."),
        say("Choose the category and the language that fit the text, and submit again."),
    ),
    "PROMOTIONAL": (
        say("The text advertises, which a utility template may not."),
        say("Submit it as marketing, or take out everything that promotes something."),
    ),
    "SCAM": (
        say(
            "WhatsApp took the text for a fraud: it asks for data, money or a login, or its link looks strange."
        ),
        say(
            "Never ask for passwords, cards or identity numbers. Use links of your own domain, and say who writes."
        ),
    ),
    "CATEGORY_NOT_AVAILABLE": (
        say("This category cannot be used for the country or the account."),
        say("Choose another category and submit again."),
    ),
}
_OTHER_REASON = (
    say("WhatsApp's reviewers did not accept the template."),
    say("Check the text against WhatsApp's rules, change what could be misread, and submit again."),
)
_STATUSES = {
    "PENDING": (
        "info",
        "In review",
        say("WhatsApp is looking at the template. It takes minutes, at most a day."),
        say("There is nothing to do. You are told as soon as it has decided."),
    ),
    "IN_APPEAL": (
        "info",
        "In appeal",
        say("WhatsApp looks at its decision again."),
        say("Wait for the answer, or edit a copy meanwhile."),
    ),
    "DISABLED": (
        "danger",
        "Disabled",
        say(
            "Customers blocked or reported this template again and again. It cannot be sent or edited any more."
        ),
        say("Write a new template with another text, and send it only to people who expect it."),
    ),
    "LIMIT_EXCEEDED": (
        "danger",
        "Too many templates",
        say("The account has as many templates as WhatsApp allows."),
        say("Delete templates that nobody uses, and submit again."),
    ),
    "ARCHIVED": (
        "warning",
        "Archived",
        say("WhatsApp puts templates aside that were not used for long, and deletes them 28 days later."),
        say("Unarchive it in WhatsApp Manager if you still need it."),
    ),
    "PENDING_DELETION": (
        "warning",
        "Being deleted",
        say("WhatsApp is deleting the template."),
        say("Use another one. Its name is free again after 30 days."),
    ),
    "LOCKED": (
        "warning",
        "Locked",
        say("WhatsApp does not let anybody edit the template at the moment."),
        say("Wait, or duplicate it and edit the copy."),
    ),
}
_QUALITY = {
    "RED": (
        "danger",
        "Low quality",
        say(
            "Many customers blocked or reported messages of this template. WhatsApp may pause it at any time."
        ),
        say(
            "Stop campaigns with it, and write a version that customers have asked for: who you are, why you write, "
            "how to stop it."
        ),
    ),
    "YELLOW": (
        "warning",
        "Medium quality",
        say("Some customers blocked or reported messages of this template."),
        say("Send it to fewer people, to those who wrote or bought lately, and check the text."),
    ),
}


def advise(template: Template) -> list[Advice]:
    """What there is to say about a template now, the most urgent first; nothing when all is well."""
    found = [_of_status(template), _of_category(template)]
    # A pause says it already.
    if template.status == "APPROVED":
        found.append(_of_quality(template.quality))
    return [each for each in found if each is not None]


def reason_in_words(reason: str) -> tuple[str, str]:
    """What a rejection means and what to change. ``reason`` is Meta's word, with or without a text behind it."""
    return _REASONS.get(_word(reason), _OTHER_REASON)


def _word(reason: str) -> str:
    first = reason.split(maxsplit=1)[0].rstrip(":") if reason.strip() else ""
    return first if first in _REASONS else ""


def _of_status(template: Template) -> Advice | None:
    if template.status == "REJECTED":
        text, todo = reason_in_words(template.rejected_reason)
        said = template.rejected_reason.removeprefix(_word(template.rejected_reason)).lstrip(": ")
        return _advice("danger", "Rejected", text, todo, meta=said)
    if template.status == "PAUSED":
        return _of_pause(template.paused_until)
    known = _STATUSES.get(template.status)
    return _advice(*known) if known else None


def _of_pause(until: datetime | None) -> Advice:
    text = say("WhatsApp paused the template because customers blocked or reported its messages.")
    if until is None:
        todo = say("Change the text so that it says who writes and why, or unpause it in WhatsApp Manager.")
    else:
        todo = say(
            "It goes on by itself. Change the text and the audience before: the first pause lasts 3 hours, the second "
            "6, and after the third the template is gone for good."
        )
    return _advice("danger", "Paused", text, todo, until=until)


def _of_category(template: Template) -> Advice | None:
    if template.correct_category and template.correct_category != template.category:
        return _advice(
            "warning",
            "Category is going to change",
            say(
                f"WhatsApp takes this template for {in_words(template.correct_category)} and will move it there."
            ),
            say(
                "Prices and rules of that category apply then. Edit the text if you want to keep the category."
            ),
        )
    if template.previous_category and template.previous_category != template.category:
        before, after = in_words(template.previous_category), in_words(template.category)
        return _advice(
            "info",
            "Category was changed",
            say(f"WhatsApp moved this template from {before} to {after}."),
            say(
                "Prices and rules of the new category apply. You can ask for a review in WhatsApp Manager for 60 days."
            ),
        )
    return None


def _of_quality(quality: str) -> Advice | None:
    known = _QUALITY.get(quality)
    return _advice(*known) if known else None


def in_words(category: str) -> str:
    return category.lower() or "another category"


def _advice(
    kind: str, title: str, text: str, todo: str, *, meta: str = "", until: datetime | None = None
) -> Advice:
    return Advice(
        kind=kind, title=title, text=text, todo=todo, meta=meta, until=until.isoformat() if until else ""
    )
