"""The documentation inside the product."""

from __future__ import annotations

import pytest

from tests.conftest import NewClient
from wapto_app.web import guide


async def test_the_connect_guide_can_be_read(new_client: NewClient) -> None:
    answer = await new_client(guide.routes).get("/guide/connect.md")
    assert answer.status_code == 200
    assert "<h1>" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "../README.md",
        "%2e%2e/pyproject.toml",
        "nothing.md",
        "",
        "/etc/passwd",
        "guide",
        "..%2fwapto_app/app.py",
    ],
)
async def test_nothing_but_the_documentation_is_shown(new_client: NewClient, name: str) -> None:
    answer = await new_client(guide.routes).get(f"/guide/{name}")
    assert answer.status_code == 404


async def test_pictures_of_the_guide_are_shown(new_client: NewClient) -> None:
    answer = await new_client(guide.routes).get("/guide/pictures/inbox.png")
    assert answer.headers["content-type"] == "image/png"
