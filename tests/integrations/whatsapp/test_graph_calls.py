"""Everything beside sending: retries, paging, numbers, templates, profile, tokens."""

from __future__ import annotations

import httpx
import pytest

from integrations.whatsapp import Ambiguous, GraphClient, GraphError, NotSent, signup
from tests.integrations.whatsapp.fake_meta import TOKEN, FakeMeta, answer, hang_up, refusal


async def test_reads_are_repeated_three_times(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"<html>", 502), refusal(2, status=500), answer({"id": "7", "name": "Shop"})]
    assert (await graph.waba("7")).name == "Shop"
    assert len(meta.asked) == 3


async def test_reads_give_up_after_three_tries(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"<html>", 502)]
    with pytest.raises(Ambiguous):
        await graph.waba("7")
    assert len(meta.asked) == 3


async def test_a_refused_read_is_not_repeated(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [refusal(190, status=401)]
    with pytest.raises(GraphError) as caught:
        await graph.waba("7")
    assert caught.value.is_auth
    assert len(meta.asked) == 1


async def test_a_write_that_may_have_arrived_is_not_repeated(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [hang_up]
    with pytest.raises(Ambiguous):
        await graph.set_pin("106", "123456")
    assert len(meta.asked) == 1


async def test_a_write_that_never_left_is_repeated(
    meta: FakeMeta, graph: GraphClient, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, tries = http.send, []

    async def flaky(request: httpx.Request, **options: object) -> httpx.Response:
        tries.append(request)
        if len(tries) == 1:
            raise httpx.ConnectError("down")
        return await send(request)

    monkeypatch.setattr(http, "send", flaky)
    assert await graph.deregister("106")
    assert len(tries) == 2


async def test_a_message_that_never_left_is_not_repeated_here(
    graph: GraphClient, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def down(request: httpx.Request, **options: object) -> httpx.Response:
        tries.append(request)
        raise httpx.ConnectError("down")

    monkeypatch.setattr(http, "send", down)
    with pytest.raises(NotSent):
        await graph.send_message("106", {})
    assert len(tries) == 1


async def test_lists_are_read_to_the_end(meta: FakeMeta, graph: GraphClient) -> None:
    more = {"cursors": {"after": "c1"}, "next": "https://graph…"}
    last = {"cursors": {"after": "c2"}}
    meta.script = [
        answer({"data": [{"id": "1", "name": "a", "language": "en-US"}, "junk"], "paging": more}),
        answer({"data": [{"id": 2, "name": "b", "status": "approved"}], "paging": last}),
    ]
    found = [template async for template in graph.all_templates("7", status="APPROVED")]
    assert [(template.id, template.name) for template in found] == [("1", "a"), ("2", "b")]
    assert (found[0].language, found[1].status) == ("en_US", "APPROVED")
    assert meta.last.query["after"] == "c1"
    assert meta.last.query["status"] == "APPROVED"


async def test_a_list_that_never_ends_is_left(meta: FakeMeta, graph: GraphClient) -> None:
    paging = {"cursors": {"after": "same"}, "next": "x"}
    meta.script = [answer({"data": [{"id": "1"}], "paging": paging})]
    assert len(await graph.phone_numbers("7")) == 2


async def test_one_page_has_the_cursor_of_the_next(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"data": [{"id": "1"}], "paging": {"cursors": {"after": "c"}, "next": "x"}})]
    page = await graph.templates("7", limit=1)
    assert (len(page.items), page.after) == (1, "c")


async def test_a_number_is_read_with_its_limits(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [
        answer(
            {
                "id": "106",
                "display_phone_number": "+1 631-555-5555",
                "throughput": {"level": "HIGH"},
                "whatsapp_business_manager_messaging_limit": "TIER_2K",
                "is_on_biz_app": "true",
                "surprise": {},
            }
        )
    ]
    number = await graph.phone_number("106")
    assert (number.throughput, number.messaging_limit, number.is_on_biz_app) == ("HIGH", "TIER_2K", True)
    assert number.quality_rating is None


async def test_registering_needs_six_digits_and_never_shows_them(graph: GraphClient) -> None:
    with pytest.raises(ValueError, match="six digits") as caught:
        await graph.register("106", "12345x")
    assert "12345" not in str(caught.value)


async def test_registering_sends_pin_and_region(meta: FakeMeta, graph: GraphClient) -> None:
    assert await graph.register("106", "123456", region="DE")
    assert meta.last.json == {
        "messaging_product": "whatsapp",
        "pin": "123456",
        "data_localization_region": "DE",
    }


async def test_a_number_is_added_and_verified(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"id": 1906}), answer({"success": True})]
    assert await graph.add_phone_number("7", "1", "6505551234", "Shop") == "1906"
    assert await graph.request_code("1906", method="voice")
    assert meta.last.json == {"code_method": "VOICE", "language": "en_US"}
    assert await graph.verify_code("1906", "123-456")
    assert meta.last.json == {"code": "123456"}


async def test_health_names_who_blocks(meta: FakeMeta, graph: GraphClient) -> None:
    problem = {"error_code": 141006, "error_description": "no card", "possible_solution": "add one"}
    entity = {"entity_type": "WABA", "id": 7, "can_send_message": "BLOCKED", "errors": [problem]}
    meta.script = [answer({"health_status": {"can_send_message": "BLOCKED", "entities": [entity]}})]
    health = await graph.health("106")
    assert health.can_send == "BLOCKED"
    assert (health.entities[0].id, health.entities[0].problems[0].code) == ("7", 141006)


async def test_the_profile_changes_only_what_is_given(meta: FakeMeta, graph: GraphClient) -> None:
    assert await graph.update_business_profile("106", about="Hi", websites=[])
    assert meta.last.json == {"messaging_product": "whatsapp", "about": "Hi", "websites": []}
    meta.script = [answer({"data": [{"about": "Hi", "websites": ["https://x"]}]})]
    profile = await graph.business_profile("106")
    assert (profile.about, profile.websites, profile.email) == ("Hi", ("https://x",), "")


async def test_apps_are_subscribed_listed_and_removed(meta: FakeMeta, graph: GraphClient) -> None:
    assert await graph.subscribe_app("7", callback_url="https://x/hook", verify_token="v")
    assert meta.last.json == {"override_callback_uri": "https://x/hook", "verify_token": "v"}
    assert await graph.unsubscribe_app("7")
    assert meta.last.method == "DELETE"
    meta.script = [answer({"data": [{"whatsapp_business_api_data": {"id": "55", "name": "App"}}]})]
    assert [(app.app_id, app.name) for app in await graph.subscribed_apps("7")] == [("55", "App")]


async def test_templates_are_created_edited_and_deleted(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [
        answer({"id": 57, "status": "PENDING", "category": "MARKETING"}),
        answer({"success": True}),
    ]
    body = {"type": "BODY", "text": "Hi"}
    made = await graph.create_template(
        "7", name="hi", language="en_US", category="UTILITY", components=[body], parameter_format="NAMED"
    )
    assert (made.id, made.category) == ("57", "MARKETING")
    assert meta.last.json["parameter_format"] == "NAMED"
    assert "message_send_ttl_seconds" not in meta.last.json
    assert await graph.edit_template("57", components=[body])
    assert meta.last.json == {"components": [body]}
    assert await graph.delete_template("7", "hi", template_id="57")
    assert meta.last.query == {"name": "hi", "hsm_id": "57"}


async def test_a_partly_refused_block_tells_who(meta: FakeMeta, graph: GraphClient) -> None:
    failed = {"input": "+2", "errors": [{"code": 139100, "message": "x", "error_data": {"details": "why"}}]}
    outcome = {"added_users": [{"input": "+1", "wa_id": "1"}], "failed_users": [failed]}
    meta.script = [answer({"block_users": outcome, "error": {"code": 139100}}, 400)]
    result = await graph.block_users("106", ["+1", "+2"])
    assert result.changed == ("1",)
    assert (result.failed["+2"].code, result.failed["+2"].details) == (139100, "why")


async def test_both_forms_of_the_block_list_are_read(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"data": [{"wa_id": "1"}, {"block_users": [{"wa_id": "2"}, {"wa_id": "3"}]}]})]
    assert [user async for user in graph.blocked_users("106")] == ["1", "2", "3"]


async def test_a_token_is_inspected_with_the_app_token(meta: FakeMeta, graph: GraphClient) -> None:
    scopes = [{"scope": "whatsapp_business_management", "target_ids": ["7", 8]}]
    data = {"is_valid": True, "expires_at": 0, "scopes": ["whatsapp_business_management"]}
    meta.script = [answer({"data": {**data, "granular_scopes": scopes}})]
    token = await graph.debug_token("customer-token", "app|secret")
    assert meta.last.headers["authorization"] == "Bearer app|secret"
    assert meta.last.query["input_token"] == "customer-token"
    assert (token.is_valid, token.expires_at) == (True, None)
    assert signup.granted_waba_ids(token) == ["7", "8"]
    assert signup.missing_scopes(token) == ["whatsapp_business_messaging"]


async def test_the_signup_code_is_exchanged_once(meta: FakeMeta, http: httpx.AsyncClient) -> None:
    meta.script = [answer({"access_token": "EAA-business", "expires_in": 60})]
    token = await signup.exchange_code(http, app_id="1", app_secret="s", code="c", base_url=meta.url)
    assert token.access_token == "EAA-business"
    assert token.expires_at is not None
    assert "EAA" not in repr(token)
    assert "authorization" not in meta.last.headers
    assert meta.last.query == {"client_id": "1", "client_secret": "s", "code": "c"}


async def test_a_signup_code_that_may_be_used_up_is_not_sent_again(
    meta: FakeMeta, http: httpx.AsyncClient
) -> None:
    meta.script = [hang_up]
    with pytest.raises(Ambiguous) as caught:
        await signup.exchange_code(http, app_id="1", app_secret="sshh", code="c0de", base_url=meta.url)
    assert len(meta.asked) == 1
    assert "sshh" not in str(caught.value)


async def test_signup_finds_accounts_and_numbers(meta: FakeMeta, graph: GraphClient) -> None:
    scopes = [{"scope": "whatsapp_business_messaging", "target_ids": ["7"]}]
    meta.script = [
        answer({"data": {"is_valid": True, "granular_scopes": scopes}}),
        answer({"data": [{"id": "106"}]}),
    ]
    token = await graph.debug_token(TOKEN, "app")
    accounts = await signup.granted_accounts(graph, token)
    assert [(account.waba_id, account.phone_numbers[0].id) for account in accounts] == [("7", "106")]


async def test_the_phone_app_history_is_requested(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"request_id": "r1"})]
    assert await graph.request_sync("106", "history") == "r1"
    assert meta.last.path == "/v25.0/106/smb_app_data"
