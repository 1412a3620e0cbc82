"""Meta's rules, said by us and by the sandbox in two codes of their own: they must agree on every template."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.sandbox.errors import GraphError
from integrations.sandbox.graph.template_rules import check_bubble, check_components, check_name
from integrations.sandbox.sandbox import Sandbox
from wapto_app.services.templates import TemplateForm, all_starters, form_of_starter, problems, sectors
from wapto_app.services.templates.drafts import file_places
from wapto_app.services.templates.rules import LANGUAGES, in_words, plain
from wapto_app.services.templates.submitting import with_handles

Json = dict[str, Any]


def form(*components: Json, **more: Any) -> TemplateForm:
    values: Json = {
        "name": "order_update",
        "language": "en_US",
        "category": "MARKETING",
        "parameter_format": "POSITIONAL",
        "components": list(components),
        "sample_files": {},
        "waba_id": "",
    }
    return cast(TemplateForm, values | more)


def body(text: str = "Your order is on its way to you.", *samples: str) -> Json:
    example = {"example": {"body_text": [list(samples)]}} if samples else {}
    return {"type": "BODY", "text": text, **example}


def header(text: str) -> Json:
    return {"type": "HEADER", "format": "TEXT", "text": text}


def media(kind: str) -> Json:
    return {"type": "HEADER", "format": kind}


def footer(text: str) -> Json:
    return {"type": "FOOTER", "text": text}


def buttons(*made: Json) -> Json:
    return {"type": "BUTTONS", "buttons": list(made)}


def quick(text: str) -> Json:
    return {"type": "QUICK_REPLY", "text": text}


def link(text: str = "Look", url: str = "https://x.example", **more: Any) -> Json:
    return {"type": "URL", "text": text, "url": url, **more}


def phone(number: str) -> Json:
    return {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": number}


def code(example: str) -> Json:
    return {"type": "COPY_CODE", "example": example}


def offer(text: str, *, ends: bool = True) -> Json:
    return {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": text, "has_expiration": ends}}


def card(*parts: Json) -> Json:
    return {"components": list(parts)}


def cards(*made: Json) -> Json:
    return {"type": "CAROUSEL", "cards": list(made)}


def otp(kind: str = "COPY_CODE", **more: Any) -> Json:
    return {"type": "OTP", "otp_type": kind, **more}


APP = {"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}
_A_CARD = card(media("IMAGE"), body("A fine home."), buttons(quick("More")))
SAMPLES = {"header": "key", "cards.0": "key", "cards.1": "key"}


def meta_refuses(given: TemplateForm) -> str:
    """What the sandbox says to it, with a handle for every sample that was chosen; empty when it takes it."""
    made = plain(given)
    places = {each.place for each in file_places(made["components"])} & set(made["sample_files"])
    components = with_handles(made["components"], dict.fromkeys(places, "sample:x"))
    sandbox = cast(Sandbox, SimpleNamespace())
    try:
        check_name(made["name"], made["language"], made["category"])
        named = made["parameter_format"] == "NAMED"
        check_components(sandbox, components, made["category"], named=named)
        check_bubble(components)
    except GraphError as error:
        return str(error)
    return ""


WRONG: list[tuple[str, TemplateForm]] = [
    ("name", form(body(), name="")),
    ("name", form(body(), name="Order Update")),
    ("name", form(body(), name="a" * 513)),
    ("language", form(body(), language="tlh")),
    ("language", form(body(), language="en_FR")),
    ("category", form(body(), category="NEWS")),
    ("body", form()),
    ("body", form(body(" "))),
    ("body", form(body("a" * 1025))),
    ("body", form(body("{{1}}, your order is here, come in", "Ann"))),
    ("body", form(body("Your order is here, dear {{1}}", "Ann"))),
    ("body", form(body("Hello dear {{1}} {{2}} of this fine street", "a", "b"))),
    ("body", form(body("Hi {{1}} {{2}}, x y z", "a", "b"))),
    ("body", form(body("Hi {{1}} x {{2}} y", "a", "b"))),
    ("body", form(body("Hello {{2}}, welcome to us", "Ann"))),
    ("body", form(body("Hello {{name}}, welcome to us", "Ann"))),
    ("body", form(body("Hello {{1, welcome to us"))),
    ("body", form(body("Hello\n\n\nyou there"))),
    ("body", form(body("Hello\tyou there"))),
    ("body", form(body("Hello     you there"))),
    ("body", form(body("Hello " + "🎉" * 11))),
    ("body.example.1", form(body("Hello {{1}}, welcome to us"))),
    ("body.example.2", form(body("Hello {{1}}, your order {{2}} is here now", "Ann", " "))),
    ("body", form(body(), body())),
    ("header.text", form(body(), header(" "))),
    ("header.text", form(body(), header("a" * 61))),
    ("header.text", form(body(), header("Hello\nyou"))),
    ("header.text", form(body(), header("Hello 🎉"))),
    ("header.text", form(body(), header("*Hello*"))),
    ("header.text", form(body(), header("{{1}} and {{2}}"))),
    ("header.example", form(body(), header("Hello {{1}}"))),
    ("header", form(body(), {"type": "HEADER", "format": "SONG"})),
    ("header.file", form(body(), media("IMAGE"))),
    ("footer", form(body(), footer(""))),
    ("footer", form(body(), footer("a" * 61))),
    ("footer", form(body(), footer("Bye {{1}}"))),
    ("footer", form(body(), footer("Bye 🎉"))),
    ("buttons", form(body(), buttons())),
    ("buttons", form(body(), buttons(*(quick(f"Q{n}") for n in range(11))))),
    ("buttons", form(body(), buttons(link("A"), link("B"), link("C")))),
    ("buttons", form(body(), buttons(quick("A"), link("B"), quick("C")))),
    ("buttons", form(body(), buttons(otp()))),
    ("buttons", form(body(), buttons({"type": "CATALOG"}, quick("A")))),
    ("buttons.1.text", form(body(), buttons(quick("A"), quick("A")))),
    ("buttons.0.text", form(body(), buttons(quick("")))),
    ("buttons.0.text", form(body(), buttons(quick("a" * 26)))),
    ("buttons.0.text", form(body(), buttons(quick("Yes {{1}}")))),
    ("buttons.0.text", form(body(), buttons(quick("Yes 🎉")))),
    ("buttons.0.text", form(body(), buttons({"type": "DANCE", "text": "A"}))),
    ("buttons.0.url", form(body(), buttons(link(url="x.example")))),
    ("buttons.0.url", form(body(), buttons(link(url="https://wa.me/491701234567")))),
    ("buttons.0.url", form(body(), buttons(link(url="https://x.example/{{1}}/a", example=["b"])))),
    ("buttons.0.example", form(body(), buttons(link(url="https://x.example/{{1}}")))),
    ("buttons.0.phone", form(body(), buttons(phone("call me")))),
    ("buttons.0.code", form(body(), buttons(code("")))),
    ("buttons.0.code", form(body(), buttons(code("A" * 16)))),
    ("buttons.0.flow", form(body(), buttons({"type": "FLOW", "text": "Open"}))),
    ("offer.text", form(body(), offer(""), buttons(code("A")))),
    ("offer.text", form(body(), offer("a" * 17), buttons(code("A")))),
    ("offer.ends", form(body(), offer("10% off"))),
    ("buttons", form(body(), offer("10% off"), buttons(link(), code("A")))),
    ("category", form(body(), offer("10% off"), buttons(code("A")), category="UTILITY")),
    ("footer", form(body(), offer("10% off"), buttons(code("A")), footer("Bye"))),
    ("header", form(body(), offer("10% off"), buttons(code("A")), header("Bye"))),
    ("body", form(body("a" * 601), offer("10% off"), buttons(code("A")))),
    ("category", form(body(), buttons({"type": "CATALOG"}), category="UTILITY")),
    ("header", form(body(), buttons({"type": "MPM"}))),
    ("header", form(body(), media("PRODUCT"))),
    ("cards", form(body(), cards(_A_CARD), sample_files=SAMPLES)),
    ("cards", form(body(), cards(_A_CARD, card(media("IMAGE"), buttons(quick("B")))), sample_files=SAMPLES)),
    ("cards.1.header.file", form(body(), cards(_A_CARD, _A_CARD), sample_files={"cards.0": "k"})),
    (
        "cards.0.header",
        form(body(), cards(card(body("a b"), buttons(quick("B"))), _A_CARD), sample_files=SAMPLES),
    ),
    (
        "cards.1.buttons",
        form(body(), cards(_A_CARD, card(media("IMAGE"), body("a b"))), sample_files=SAMPLES),
    ),
    ("header", form(header("Hi"), body(), cards(_A_CARD, _A_CARD), sample_files=SAMPLES)),
    ("header", form({"type": "BODY"}, header("Hi"), buttons(otp()), category="AUTHENTICATION")),
    ("buttons", form({"type": "BODY"}, category="AUTHENTICATION")),
    ("buttons", form({"type": "BODY"}, buttons(quick("A")), category="AUTHENTICATION")),
    (
        "footer",
        form(
            {"type": "BODY"},
            {"type": "FOOTER", "code_expiration_minutes": 91},
            buttons(otp()),
            category="AUTHENTICATION",
        ),
    ),
    ("buttons.0.apps", form({"type": "BODY"}, buttons(otp("ONE_TAP")), category="AUTHENTICATION")),
    (
        "buttons.0.terms",
        form({"type": "BODY"}, buttons(otp("ZERO_TAP", supported_apps=[APP])), category="AUTHENTICATION"),
    ),
]
RIGHT: list[TemplateForm] = [
    form(body()),
    form(body("Hi {{1}}, order {{2}} is on its way to you.", "Ann", "4711"), category="UTILITY"),
    form(
        {
            "type": "BODY",
            "text": "Hi {{first_name}}, your order is on its way.",
            "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Ann"}]},
        },
        parameter_format="NAMED",
    ),
    form(body("您的订单{{1}}已发货", "4711"), language="zh_CN", category="UTILITY"),
    form(body("*Hello* you 🎉\n\n_soon_ more"), footer("Reply STOP to end"), header("snake_case & more")),
    form({**header("Sale for {{1}}"), "example": {"header_text": ["Ann"]}}, body()),
    *(form(media(kind), body(), sample_files=SAMPLES) for kind in ("IMAGE", "VIDEO", "DOCUMENT")),
    form(media("LOCATION"), body(), category="UTILITY"),
    form(body(), buttons(*(quick(f"Q{number}") for number in range(10)))),
    form(
        body(),
        buttons(quick("A"), link(), link("B", "https://x.example/{{1}}", example=["https://x.example/a"])),
    ),
    form(body(), buttons(phone("+4930123456"), code("SAVE25"), quick("No"))),
    form(body(), buttons({"type": "FLOW", "text": "Open", "flow_id": "7", "flow_action": "navigate"})),
    form(body(), buttons({"type": "VOICE_CALL", "text": "Call us"}, {"type": "REQUEST_CONTACT_INFO"})),
    form(body(), buttons({"type": "CATALOG", "text": "View catalog"}), footer("Bye")),
    form(body(), header("Ours"), buttons({"type": "MPM", "text": "View items"})),
    form(body(), media("PRODUCT"), buttons({"type": "SPM", "text": "View"})),
    form(body(), {"type": "CALL_PERMISSION_REQUEST"}),
    form(body(), offer("10% off"), buttons(code("SAVE"), link()), media("IMAGE"), sample_files=SAMPLES),
    form(body(), offer("10% off", ends=False)),
    form(body(), cards(_A_CARD, _A_CARD), sample_files=SAMPLES),
    form(
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        buttons(otp(text="Copy code")),
        category="AUTHENTICATION",
    ),
    form(
        {"type": "BODY"},
        buttons(otp("ZERO_TAP", supported_apps=[APP], zero_tap_terms_accepted=True)),
        category="AUTHENTICATION",
    ),
]


@pytest.mark.parametrize(("key", "given_form"), WRONG, ids=[f"{n}-{key}" for n, (key, _) in enumerate(WRONG)])
def test_what_is_wrong_is_said_at_its_field_and_refused_by_meta(key: str, given_form: TemplateForm) -> None:
    told = problems(given_form)
    assert key in told, told
    assert all(sentence.endswith(".") and len(sentence) < 200 for sentence in told.values())
    assert meta_refuses(given_form) != ""


@pytest.mark.parametrize("given_form", RIGHT, ids=range(len(RIGHT)))
def test_what_is_right_is_taken(given_form: TemplateForm) -> None:
    assert problems(given_form) == {}
    assert meta_refuses(given_form) == ""


def test_a_gif_is_refused_for_meta_takes_it_elsewhere_only() -> None:
    assert "video" in problems(form(media("GIF"), body(), sample_files=SAMPLES))["header"]


_TEXTS = st.sampled_from(
    [
        "", " ", "Hi", "Hello there, you", "Hi {{1}}, welcome to our shop", "{{1}} hello you there", "Bye {{1}}",
        "Hi {{1}} {{2}} and more and more", "Hi {{1}} and {{2}}, see you soon here", "Hi {{2}}, come in",
        "Hi {{ 1 }}, in",
        "Hi {{first_name}}, welcome here", "Hi {{1", "Hi }} you", "a\n\n\nb", "a\n\nb", "a\tb", "x     y", "🎉 Hi",
        "*Hi*", "snake_case", "_it_ is", "a" * 26, "a" * 61, "a" * 161, "a" * 601, "a" * 1025, "您好{{1}}欢迎",
        "10% off", "SAVE-25",
    ]
)  # fmt: skip
_SAMPLES = st.lists(st.sampled_from(["Ann", "4711", "", " "]), max_size=3)


@st.composite
def _components(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(["HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER"]))
    text, samples = draw(_TEXTS), draw(_SAMPLES)
    if kind == "HEADER":
        shape = draw(st.sampled_from(["TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT", "X"]))
        return {"type": kind, "format": shape, "text": text, "example": {"header_text": samples}}
    if kind == "BODY":
        named = [{"param_name": "first_name", "example": sample} for sample in samples[:1]]
        return {
            "type": kind,
            "text": text,
            "example": {"body_text": [samples], "body_text_named_params": named},
        }
    if kind == "BUTTONS":
        return {"type": kind, "buttons": draw(st.lists(_buttons(), max_size=4))}
    if kind == "CAROUSEL":
        return {"type": kind, "cards": draw(st.lists(_cards(), max_size=3))}
    if kind == "LIMITED_TIME_OFFER":
        return offer(text, ends=draw(st.booleans()))
    return {"type": kind, "text": text}


@st.composite
def _cards(draw: st.DrawFn) -> Json:
    return {"components": draw(st.lists(_components(), max_size=3))} if draw(st.booleans()) else _A_CARD


@st.composite
def _buttons(draw: st.DrawFn) -> Json:
    kind = draw(
        st.sampled_from(
            [
                "QUICK_REPLY",
                "URL",
                "PHONE_NUMBER",
                "COPY_CODE",
                "FLOW",
                "OTP",
                "CATALOG",
                "MPM",
                "SPM",
                "VOICE_CALL",
                "?",
            ]
        )
    )
    return {
        "type": kind,
        "text": draw(_TEXTS),
        "url": draw(
            st.sampled_from(["https://x.example", "https://x.example/{{1}}", "x", "https://wa.me/1", ""])
        ),
        "example": draw(st.sampled_from([["https://x.example/a"], "SAVE25", "", ["A" * 16]])),
        "phone_number": draw(st.sampled_from(["+4930123456", "12", "x"])),
        "flow_id": draw(st.sampled_from(["", "7"])),
    }


@st.composite
def _forms(draw: st.DrawFn) -> TemplateForm:
    rest = draw(st.lists(_components(), max_size=4))
    first = [body()] if draw(st.booleans()) else []
    return form(
        *first,
        *rest,
        category=draw(st.sampled_from(["MARKETING", "UTILITY", "AUTHENTICATION"])),
        parameter_format=draw(st.sampled_from(["POSITIONAL", "NAMED"])),
        sample_files=draw(st.sampled_from([{}, SAMPLES | {"cards.2": "key"}])),
    )


@given(_forms())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_codes_agree(given_form: TemplateForm) -> None:
    assert bool(problems(given_form)) == bool(meta_refuses(given_form)), (
        problems(given_form),
        meta_refuses(given_form),
    )


@given(st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_codes_agree_on_what_is_almost_right(data: st.DataObject) -> None:
    given_form = copy.deepcopy(data.draw(st.sampled_from(RIGHT)))
    part = data.draw(st.sampled_from(given_form["components"]))
    change = data.draw(st.sampled_from(["text", "more", "less", "category", "files", "named"]))
    if change == "text":
        inner = [each for card in part.get("cards", []) for each in card["components"]]
        inner += part.get("buttons", [])
        data.draw(st.sampled_from([part, *inner]))["text"] = data.draw(_TEXTS)
    elif change == "more":
        given_form["components"].append(data.draw(_components()))
    elif change == "less":
        given_form["components"].remove(part)
    elif change == "category":
        given_form["category"] = data.draw(st.sampled_from(["MARKETING", "UTILITY", "AUTHENTICATION"]))
    elif change == "files":
        given_form["sample_files"] = {}
    else:
        given_form["parameter_format"] = "NAMED"
    assert bool(problems(given_form)) == bool(meta_refuses(given_form)), (
        problems(given_form),
        meta_refuses(given_form),
    )


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("\ud800{{1}}\x00"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "text",
                    "format",
                    "buttons",
                    "cards",
                    "components",
                    "example",
                    "url",
                    "limited_time_offer",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(list(form().keys())), _ANYTHING))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_problems_never_raises(anything: Json) -> None:
    told = problems(anything)
    assert told
    assert all(isinstance(key, str) and sentence for key, sentence in told.items())


def test_every_language_has_a_name() -> None:
    assert in_words("pt_BR") == "Portuguese (Brazil)"
    assert in_words("qqq") == "qqq"
    assert [code for code in LANGUAGES if in_words(code) == code] == []


def test_every_starter_obeys_the_rules_in_every_language() -> None:
    keys = [each["key"] for each in all_starters()]
    assert len(keys) == len(set(keys))
    assert {each["sector"] for each in all_starters()} <= {each["key"] for each in sectors()}
    for starter in all_starters():
        for language in starter["languages"]:
            told = problems(form_of_starter(starter, language))
            wrong = {key: sentence for key, sentence in told.items() if not key.endswith("header.file")}
            assert wrong == {}, (starter["key"], language)
