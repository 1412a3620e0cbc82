"""The owner's page of opt-out words, driven by its events."""

from __future__ import annotations

import pytest

from state.base import Feedback
from state.opt_words import OptWords
from tests.pipeline.conftest import OpenTab
from tests.pipeline.test_policy import notices
from wapto_app.security.permissions import Actor
from wapto_app.services.errors import Invalid


async def test_the_owner_changes_words_and_answers(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/settings/opt-out")
    assert [row["code"] for row in tab.vars(OptWords)["languages"]] == [
        "en",
        "es",
        "pt",
        "fr",
        "de",
        "hi",
        "ar",
        "id",
    ]
    await tab.send(OptWords.switch("fr", False))
    await tab.send(OptWords.edit("es"))
    await tab.send(
        OptWords.save({"goodbye": "Adiós.", "welcome": "", "says_goodbye": True, "says_welcome": False})
    )
    await tab.send(OptWords.save_own({"own_out": "Cancel\ncancel ", "own_back": "Hola"}))
    rows = {row["code"]: row for row in tab.vars(OptWords)["languages"]}
    assert not rows["fr"]["on"]
    assert (rows["es"]["goodbye"], rows["es"]["says_welcome"], rows["es"]["is_changed"]) == (
        "Adiós.",
        False,
        True,
    )
    assert rows["es"]["welcome"].startswith("Te damos")
    assert (tab.vars(OptWords)["own_out"], tab.vars(OptWords)["editing"]) == ("Cancel", "")
    await tab.send(OptWords.edit("es"), OptWords.forget())
    assert not {row["code"]: row for row in tab.vars(OptWords)["languages"]}["es"]["is_changed"]
    with pytest.raises(Invalid):
        await tab.send(OptWords.save_own({"own_out": "!", "own_back": ""}))
    await tab.until(lambda: list(tab.vars(Feedback).get("errors", {})) == ["own_out"])


async def test_two_owners_see_the_same(open_tab: OpenTab, owner: Actor) -> None:
    one, two = await open_tab(owner, "/settings/opt-out"), await open_tab(owner, "/settings/opt-out")
    await one.send(OptWords.switch("de", False))
    await two.until(lambda: not two.vars(OptWords)["languages"][4]["on"])


async def test_an_agent_may_not(open_tab: OpenTab, agent: Actor) -> None:
    tab = await open_tab(agent, "/settings/opt-out")
    await tab.send(OptWords.load())
    await tab.send(OptWords.switch("en", False))
    assert not tab.vars(OptWords)["languages"]
    assert notices(tab) != []
