"""Nothing in a webhook can break the parser, and a bad element never takes others with it."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.whatsapp.webhooks import (
    KNOWN_FIELDS,
    InboundMessage,
    InvalidPayload,
    Malformed,
    StatusUpdate,
    parse,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(sorted(KNOWN_FIELDS)) | st.text(max_size=5)
KEYS = st.sampled_from(
    [
        "metadata",
        "contacts",
        "messages",
        "statuses",
        "errors",
        "history",
        "message_echoes",
        "state_sync",
        "user_preferences",
        "calls",
        "groups",
        "event",
        "id",
        "type",
        "text",
        "image",
        "interactive",
        "order",
        "system",
        "edit",
        "reaction",
        "contacts",
        "from",
        "timestamp",
        "context",
        "referral",
        "profile",
        "wa_id",
        "message_template_id",
        "other_info",
        "waba_info",
        "restriction_info",
        "threads",
        "status",
    ]
)
META_LIKE = st.recursive(
    JSON, lambda inner: st.dictionaries(KEYS, inner, max_size=6) | st.lists(inner, max_size=3), max_leaves=30
)


def body(*elements: object, statuses: tuple[object, ...] = ()) -> dict[str, Any]:
    value = {
        "metadata": {"phone_number_id": "P1"},
        "contacts": [{"wa_id": "1", "profile": {"name": "A"}}],
        "messages": list(elements),
        "statuses": list(statuses),
    }
    return {"entry": [{"id": "W1", "changes": [{"field": "messages", "value": value}]}]}


def text(wamid: str, words: str = "hi") -> dict[str, Any]:
    return {"from": "1", "id": wamid, "timestamp": "1790000000", "type": "text", "text": {"body": words}}


GOOD = body(text("wamid.first"), text("wamid.second"), statuses=({"id": "wamid.s", "status": "sent"},))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=8), JSON))
def test_any_object_is_parsed(document: dict[str, Any]) -> None:
    parse(document)


@settings(max_examples=500, deadline=None)
@given(FIELDS, META_LIKE)
def test_any_value_of_any_field_is_parsed(field: str, value: object) -> None:
    items = parse({"entry": [{"id": "W", "time": value, "changes": [{"field": field, "value": value}]}]})
    for item in items:
        assert item.key
        orjson.dumps(item.event.raw)


@settings(max_examples=300, deadline=None)
@given(META_LIKE, st.integers(0, 3))
def test_a_bad_element_never_takes_the_others_with_it(bad: object, position: int) -> None:
    elements: list[object] = [text("wamid.first"), text("wamid.second"), text("wamid.third")]
    elements.insert(position, bad)
    found = [item.event.wamid for item in parse(body(*elements)) if isinstance(item.event, InboundMessage)]
    assert {"wamid.first", "wamid.second", "wamid.third"} <= set(found)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_element_never_takes_the_others_with_it(data: st.DataObject) -> None:
    mutated = copy.deepcopy(GOOD)
    value = mutated["entry"][0]["changes"][0]["value"]
    victim = value["messages"][0]
    key = data.draw(st.sampled_from(sorted(victim)))
    if data.draw(st.booleans()):
        del victim[key]
    else:
        victim[key] = data.draw(META_LIKE)
    value["contacts"] = data.draw(META_LIKE)
    events = [item.event for item in parse(mutated)]
    assert len(events) == 3
    assert any(isinstance(event, InboundMessage) and event.wamid == "wamid.second" for event in events)
    assert isinstance(events[-1], StatusUpdate)


@settings(max_examples=300, deadline=None)
@given(META_LIKE)
def test_a_bad_entry_or_change_never_takes_the_others_with_it(bad: Any) -> None:
    good = copy.deepcopy(GOOD["entry"][0])
    good["changes"] = [bad, *good["changes"]] if not isinstance(bad, list) else [*bad, *good["changes"]]
    items = parse({"entry": [bad, good]})
    assert sum(isinstance(item.event, InboundMessage) for item in items) >= 2


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    try:
        parse(raw)
    except InvalidPayload:
        return


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b'"x"', b"5", b"{", b"<html>", b"\xff\xfe", b"NaN"])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidPayload):
        parse(raw)


@pytest.mark.parametrize("depth", [100, 250, 500, 2_000, 100_000])
def test_deep_nesting_does_not_blow_up(depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    raw = json.dumps(GOOD)[:-1] + ',"deep":' + deep + "}"
    try:
        items = parse(raw.encode())
    except InvalidPayload:
        assert depth > 900
        return
    assert len(items) == 3


def test_deep_nesting_inside_a_message_stays_storable() -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    (item,) = parse(body(text("wamid.1") | {"extra": deep}))
    assert isinstance(item.event, InboundMessage)
    assert item.event.text == "hi"
    orjson.dumps(item.event.raw)


def test_an_edit_inside_an_edit_ends() -> None:
    inner: dict[str, Any] = {"type": "text", "text": {"body": "x"}}
    for _ in range(80):
        inner = {"type": "edit", "edit": {"original_message_id": "a", "message": inner}}
    (item,) = parse(body({"id": "wamid.1", "timestamp": "1", **inner}))
    assert isinstance(item.event, InboundMessage)
    assert item.event.type == "edit"


@pytest.mark.parametrize("as_object", [False, True])
def test_text_that_postgresql_refuses_is_cleaned(as_object: bool) -> None:
    document = body(text("wamid.1", "a\x00b\ud83dc\ude00d 😀"))
    document["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["na\x00me"] = "\x00"
    (item,) = parse(document if as_object else json.dumps(document).encode())
    assert isinstance(item.event, InboundMessage)
    assert item.event.text == "ab\ufffdc\ufffdd 😀"
    stored = orjson.dumps(item.event.raw).decode()
    assert "\\u0000" not in stored


def test_broken_utf8_is_replaced() -> None:
    raw = json.dumps(body(text("wamid.1", "MARK"))).encode().replace(b"MARK", b"\xff\xfe!")
    (item,) = parse(raw)
    assert isinstance(item.event, InboundMessage)
    assert item.event.text == "\ufffd\ufffd!"


def test_a_form_with_broken_json_inside_is_kept() -> None:
    for inner in ("{", "[]", '"x"', "\\ud800", None, 5, {"a": 1}):
        reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": inner}}
        element = {"id": "wamid.1", "timestamp": "1", "type": "interactive", "interactive": reply}
        (item,) = parse(body(element))
        assert isinstance(item.event, InboundMessage)
        assert item.event.content["kind"] == "flow_reply"


def test_an_element_without_its_id_is_malformed_and_kept() -> None:
    (item,) = parse(body({"type": "text", "text": {"body": "x"}}))
    assert isinstance(item.event, Malformed)
    assert item.event.reason == "ValueError: id is missing"
    assert item.event.raw == {"type": "text", "text": {"body": "x"}}
    assert item.phone_number_id == "P1"


def test_numbers_beyond_every_limit_are_survived() -> None:
    for number in (10**400, -(10**30), 1e308, float("inf"), float("nan"), "9" * 500, True):
        parse(body(text("wamid.1") | {"timestamp": number, "from": number, "id": number}))
        parse(
            {
                "entry": [
                    {
                        "id": number,
                        "time": number,
                        "changes": [{"field": "flows", "value": {"event": number}}],
                    }
                ]
            }
        )


def test_a_large_batch_is_parsed_whole() -> None:
    assert len(parse(json.dumps(body(*(text(f"wamid.{n}") for n in range(1000)))).encode())) == 1000
