"""POST /messages over real sockets: what counts as accepted, refused, not sent, and ambiguous."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
import ssl

import httpx
import pytest

from integrations.whatsapp import (
    Ambiguous,
    GraphClient,
    GraphError,
    InvalidMessage,
    NotSent,
    Retry,
    messages,
    new_http_client,
)
from tests.integrations.whatsapp.fake_meta import TOKEN, FakeMeta, answer, hang_up, refusal, stay_silent

ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+16505551234", "wa_id": "16505551234", "user_id": "US.1349"}],
    "messages": [{"id": "wamid.1", "message_status": "accepted"}],
}
HELLO = messages.text("hello", to="+16505551234")


async def test_an_accepted_message_gives_its_wamid(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(ACCEPTED)]
    result = await graph.send_message("106", HELLO)
    assert (result.wamid, result.wa_id, result.user_id) == ("wamid.1", "16505551234", "US.1349")
    assert result.message_status == "accepted"
    assert (meta.last.method, meta.last.path) == ("POST", "/v25.0/106/messages")
    assert meta.last.json == HELLO
    assert meta.last.headers["authorization"] == f"Bearer {TOKEN}"
    assert meta.last.headers["content-type"].startswith("application/json")


async def test_a_message_leaves_alike_through_httpx_s_own_transport(
    meta: FakeMeta, http: httpx.AsyncClient
) -> None:
    heads = []
    async with httpx.AsyncClient(trust_env=False, timeout=5) as plain:
        for client in (plain, http):
            meta.script = [answer(ACCEPTED)]
            await GraphClient(TOKEN, http=client, base_url=meta.url).send_message("106", HELLO)
            assert meta.last.json == HELLO
            heads.append(
                {
                    name: meta.last.headers[name]
                    for name in ("host", "content-length", "content-type", "authorization")
                }
            )
    assert heads[0] == heads[1]
    assert heads[0]["host"] == meta.url.removeprefix("http://")


async def test_wa_id_is_absent_when_sent_to_a_user_id(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"contacts": [{"user_id": "US.1"}], "messages": [{"id": "wamid.2"}]})]
    result = await graph.send_message("106", messages.text("x", recipient="US.1"))
    assert (result.wa_id, result.user_id, result.message_status) == (None, "US.1", None)


async def test_a_refusal_carries_everything_meta_said(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [
        refusal(
            131030,
            error_data={"messaging_product": "whatsapp", "details": "not in list"},
            error_subcode=2494010,
            is_transient=False,
            error_user_title="Title",
            error_user_msg="Text",
            fbtrace_id="A1",
        )
    ]
    with pytest.raises(GraphError) as caught:
        await graph.send_message("106", HELLO)
    error = caught.value
    assert (error.code, error.subcode, error.details) == (131030, 2494010, "not in list")
    assert (error.user_title, error.user_message, error.fbtrace_id) == ("Title", "Text", "A1")
    assert (error.http_status, error.retry, error.is_auth) == (400, Retry.PERMANENT, False)
    assert error.info.code == 131030


async def test_error_data_may_be_text(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [refusal(131009, error_data="parameter is off")]
    with pytest.raises(GraphError, match="parameter is off"):
        await graph.send_message("106", HELLO)


@pytest.mark.parametrize("error", ["oops", None, [], {"code": "190"}, {"code": None, "message": 5}])
async def test_odd_error_objects_are_still_refusals(
    meta: FakeMeta, graph: GraphClient, error: object
) -> None:
    meta.script = [answer({"error": error}, status=400)]
    with pytest.raises(GraphError):
        await graph.send_message("106", HELLO)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>502 Bad Gateway</html>", 502),
        (b"", 503),
        (b"<html>fine</html>", 200),
        (b"[1]", 200),
        (b'{"messages": []}', 200),
        (b'{"messages": "?"}', 200),
        (b'{"no": "error"}', 500),
    ],
)
async def test_no_usable_answer_after_writing_is_ambiguous(
    meta: FakeMeta, graph: GraphClient, body: bytes, status: int
) -> None:
    meta.script = [answer(body, status)]
    with pytest.raises(Ambiguous):
        await graph.send_message("106", HELLO)
    assert len(meta.asked) == 1


async def test_a_page_instead_of_json_is_a_refusal_below_500(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"<html>Too large</html>", 413)]
    with pytest.raises(GraphError) as caught:
        await graph.send_message("106", HELLO)
    assert (caught.value.code, caught.value.http_status) == (-1, 413)


async def test_a_json_error_with_500_is_a_refusal(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [refusal(131000, status=500)]
    with pytest.raises(GraphError) as caught:
        await graph.send_message("106", HELLO)
    assert caught.value.retry is Retry.RETRY
    assert len(meta.asked) == 1, "messages are never repeated by the client"


async def test_connection_refused_was_not_sent(http: httpx.AsyncClient) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        graph = GraphClient(TOKEN, http=http, base_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(NotSent):
            await graph.send_message("106", HELLO)


async def test_an_unknown_host_was_not_sent(http: httpx.AsyncClient) -> None:
    graph = GraphClient(TOKEN, http=http, base_url="http://no-such-host.invalid")
    with pytest.raises(NotSent):
        await graph.send_message("106", HELLO)


async def test_a_failed_tls_handshake_was_not_sent(meta: FakeMeta, http: httpx.AsyncClient) -> None:
    graph = GraphClient(TOKEN, http=http, base_url=f"https://127.0.0.1:{meta.port}")
    with pytest.raises(NotSent):
        await graph.send_message("106", HELLO)


async def test_a_full_pool_was_not_sent(meta: FakeMeta) -> None:
    meta.script = [stay_silent]
    async with new_http_client(max_connections=1, read_timeout=1, pool_timeout=0.1) as http:
        graph = GraphClient(TOKEN, http=http, base_url=meta.url)
        both = await asyncio.gather(
            graph.send_message("106", HELLO), graph.send_message("106", HELLO), return_exceptions=True
        )
    assert sorted(type(error).__name__ for error in both) == ["Ambiguous", "NotSent"]


@pytest.mark.parametrize("behaviour", [hang_up, stay_silent])
async def test_no_answer_after_writing_is_ambiguous(
    meta: FakeMeta, graph: GraphClient, behaviour: object
) -> None:
    meta.script = [behaviour]  # type: ignore[list-item]
    with pytest.raises(Ambiguous):
        await graph.send_message("106", HELLO)
    assert len(meta.asked) == 1, "messages are never repeated by the client"


async def test_garbage_instead_of_http_is_ambiguous(meta: FakeMeta, graph: GraphClient) -> None:
    async def garbage(writer: object) -> None:
        writer.write(b"\x00\x01nonsense\r\n\r\n")  # type: ignore[attr-defined]

    meta.script = [garbage]
    with pytest.raises(Ambiguous):
        await graph.send_message("106", HELLO)


async def test_a_plain_httpx_client_is_classified_in_the_same_way(meta: FakeMeta) -> None:
    meta.script = [hang_up]
    async with httpx.AsyncClient(timeout=0.5, verify=ssl.create_default_context()) as http:
        with pytest.raises(Ambiguous):
            await GraphClient(TOKEN, http=http, base_url=meta.url).send_message("106", HELLO)
        with pytest.raises(NotSent):
            await GraphClient(TOKEN, http=http, base_url="http://127.0.0.1:9").send_message("106", HELLO)


async def test_no_secret_appears_in_an_exception(meta: FakeMeta, http: httpx.AsyncClient) -> None:
    graph = GraphClient(TOKEN, http=http, base_url=meta.url, app_secret="app-secret")
    proof = hmac.new(b"app-secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    quoted = {
        "error": {"message": f"Malformed access token {TOKEN}", "code": 190, "error_data": f"t={proof}"}
    }
    meta.script = [answer(quoted, 400), hang_up, stay_silent, answer(b"oops", 502)]
    for _ in range(4):
        with pytest.raises((GraphError, Ambiguous)) as caught:
            await graph.send_message("106", HELLO)
        shown = f"{caught.value} {caught.value!r} {vars(caught.value)}"
        assert not [secret for secret in (TOKEN, "app-secret", proof) if secret in shown]
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert TOKEN not in repr(graph)


async def test_every_call_is_signed_when_the_app_secret_is_known(
    meta: FakeMeta, http: httpx.AsyncClient
) -> None:
    graph = GraphClient(TOKEN, http=http, base_url=meta.url, app_secret="s3")
    meta.script = [answer(ACCEPTED)]
    proof = hmac.new(b"s3", TOKEN.encode(), hashlib.sha256).hexdigest()
    await graph.send_message("106", HELLO)
    await graph.waba("7")
    assert [asked.query["appsecret_proof"] for asked in meta.asked] == [proof, proof]


async def test_meta_tells_how_long_to_wait(meta: FakeMeta, graph: GraphClient) -> None:
    usage = '{"102":[{"type":"whatsapp","estimated_time_to_regain_access":3}]}'
    meta.script = [answer({"error": {"code": 80007}}, 400, x_business_use_case_usage=usage)]
    with pytest.raises(GraphError) as caught:
        await graph.send_message("106", HELLO)
    assert (caught.value.wait_seconds, caught.value.retry) == (180, Retry.WAIT)


async def test_text_that_is_no_unicode_is_refused_before_sending(meta: FakeMeta, graph: GraphClient) -> None:
    with pytest.raises(InvalidMessage):
        await graph.send_message("106", messages.text("\ud800", to="+16505551234"))
    assert meta.asked == []


async def test_ids_cannot_leave_their_place_in_the_path(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(ACCEPTED)]
    await graph.send_message("../me?x=", HELLO)
    assert meta.last.target.startswith("/v25.0/..%2Fme%3Fx")
    assert meta.last.target.endswith("/messages")
    assert meta.last.query == {}
    with pytest.raises(ValueError, match="empty id"):
        await graph.send_message("", HELLO)


async def test_marking_read_can_show_typing(meta: FakeMeta, graph: GraphClient) -> None:
    assert await graph.mark_read("106", "wamid.IN", typing=True)
    assert meta.last.json == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN",
        "typing_indicator": {"type": "text"},
    }


async def test_cookies_of_one_tenant_never_reach_another(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(ACCEPTED, Set_Cookie="who=first; Path=/")]
    await graph.send_message("106", HELLO)
    await graph.send_message("106", HELLO)
    assert "cookie" not in meta.last.headers
