"""The pipeline that the other pipeline tests rely on behaves as a browser's would."""

from __future__ import annotations

from state.base import Feedback
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor


async def test_an_event_reaches_the_tab_as_a_delta(tab: Tab) -> None:
    await tab.send(Feedback.say("info", "hello"))
    assert [notice["text"] for notice in tab.vars(Feedback)["notices"]] == ["hello"]


async def test_tabs_do_not_share_state(open_tab: OpenTab, owner: Actor, agent: Actor) -> None:
    first, second = await open_tab(owner), await open_tab(agent)
    await first.send(Feedback.say("info", "only mine"))
    assert second.vars(Feedback).get("notices", []) == []


async def test_an_unknown_argument_is_refused_before_the_handler_runs(tab: Tab) -> None:
    await tab.raw(f"{Feedback.get_full_name()}.say", {"level": "info", "text": "x", "is_admin": True})
    texts = [notice["text"] for notice in tab.vars(Feedback)["notices"]]
    assert "x" not in texts
    assert len(texts) == 1


async def test_a_published_topic_wakes_the_watching_tab(tab: Tab, runtime: Runtime) -> None:
    runtime.hub.watch((tab.token, f"{Feedback.get_full_name()}.clear"), ["inbox"])
    await tab.send(Feedback.refuse("wrong", "email"))
    assert tab.vars(Feedback)["errors"] == {"email": "wrong"}
    runtime.hub.publish(frozenset({"inbox"}))
    await tab.until(lambda: tab.vars(Feedback)["errors"] == {})
