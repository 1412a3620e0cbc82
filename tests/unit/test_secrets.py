"""Credentials are readable only with the key, and the key is private."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from wapto_app.security.secrets import (
    KEY_FILE,
    BadKey,
    SecretBox,
    SecretsUnreadable,
    load_box,
    new_token,
    token_hash,
)


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_was_sealed_opens_again_and_never_looks_the_same_twice() -> None:
    box = SecretBox([key()])
    first, second = box.seal("EAAtoken"), box.seal("EAAtoken")
    assert box.open(first) == box.open(second) == "EAAtoken"
    assert first != second
    assert "EAAtoken" not in first


def test_nothing_stays_nothing() -> None:
    box = SecretBox([key()])
    assert box.seal("") == ""
    assert box.open("") == ""


def test_another_key_cannot_open_it_and_the_message_says_what_to_do() -> None:
    sealed = SecretBox([key()]).seal("EAAtoken")
    with pytest.raises(SecretsUnreadable, match=KEY_FILE):
        SecretBox([key()]).open(sealed)


def test_after_a_rotation_old_secrets_open_and_new_ones_need_only_the_new_key() -> None:
    old, new = key(), key()
    sealed_before = SecretBox([old]).seal("before")
    rotated = SecretBox([new, old])
    assert rotated.open(sealed_before) == "before"
    assert SecretBox([new]).open(rotated.seal("after")) == "after"


def test_a_key_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(BadKey, match="WAPTO_SECRET_KEY"):
        SecretBox(["short"])


def test_the_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    sealed = load_box("", tmp_path).seal("text")
    assert load_box("", tmp_path).open(sealed) == "text"
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_configured_keys_need_no_file(tmp_path: Path) -> None:
    old, new = key(), key()
    box = load_box(f" {new} , {old} ", tmp_path)
    assert box.open(SecretBox([old]).seal("text")) == "text"
    assert not (tmp_path / KEY_FILE).exists()


def test_tokens_are_long_and_only_their_hash_need_be_kept() -> None:
    token = new_token()
    assert len(token) >= 43
    assert new_token() != token
    assert token_hash(token) == token_hash(token) != token
    assert len(token_hash(token)) == 64
