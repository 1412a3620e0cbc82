"""The table of error codes: complete, readable, and with the right rule for a sender."""

from __future__ import annotations

import pytest

from integrations.whatsapp import GraphError, Retry, explain
from integrations.whatsapp.errors import is_known, known_codes, redact

# Every code of section 9 of the reference, with its class (R, W, P, A, T).
RETRIED = [1, 2, 130429, 131000, 131016, 131056, 131057, 133004, 135000, 139103]
WAITED = [4, 613, 80007, 133008, 133009, 133015, 133016, 134101, 2388023, 2494100]
ACCOUNT = [0, 3, 10, *range(200, 300), 33, 190, 368, 131005, 131031, 131037, 131042, 131044, 131045, 131048]
ACCOUNT += [131064, 133010, 134011, 134102]
TEMPLATE = [131063, 132000, 132001, 132007, 132015, 132016, 132068, 132069]
PERMANENT = [100, 130403, 130472, 130497, 131008, 131009, 131021, 131026, 131030, 131047, 131049, 131050]
PERMANENT += [131051, 131052, 131053, 131055, 131060, 131062, 132005, 132008, 132012, 132018, 133000, 133005]
PERMANENT += [133006, 134100, 137000, *range(138000, 138019), *range(139000, 139007), 139100, 139101, 139102]
PERMANENT += [131020, 131041, 131059, *range(131201, 131216), *range(141000, 141016), *range(147001, 147006)]
PERMANENT += [2388019, 2388040, 2388047, 2388072, 2388073, 2388293, 2388299, 2388024, 2388001, 2388012]
PERMANENT += [2388091, 2388093, 2388103, 200005, 200006, 200007, 2593107, 2593108, 2593109]

CLASSES = [
    (Retry.RETRY, RETRIED),
    (Retry.WAIT, WAITED),
    (Retry.ACCOUNT, ACCOUNT),
    (Retry.TEMPLATE, TEMPLATE),
    (Retry.PERMANENT, PERMANENT),
]


@pytest.mark.parametrize(("retry", "code"), [(retry, code) for retry, codes in CLASSES for code in codes])
def test_every_documented_code_is_known_and_classified(retry: Retry, code: int) -> None:
    assert is_known(code)
    assert explain(code).code == code
    assert explain(code).retry is retry


def test_the_table_holds_nothing_but_documented_codes() -> None:
    documented = {code for _, codes in CLASSES for code in codes}
    assert set(known_codes()) == documented


def test_every_explanation_is_a_sentence_for_a_person() -> None:
    for code in known_codes():
        info = explain(code)
        for text in (info.meaning, info.advice):
            assert text[0].isupper()
            assert text.endswith(".")
            assert len(text) < 100


def test_an_unknown_code_is_explained_and_not_retried() -> None:
    info = explain(999_999)
    assert (info.code, info.retry) == (999_999, Retry.PERMANENT)
    assert info.meaning


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (GraphError(999_999, http_status=400), Retry.PERMANENT),
        (GraphError(999_999, http_status=400, is_transient=True), Retry.RETRY),
        (GraphError(-1, http_status=500), Retry.RETRY),
        (GraphError(-1, http_status=429), Retry.WAIT),
        (GraphError(131047, http_status=500, is_transient=True), Retry.PERMANENT),
    ],
)
def test_hints_decide_only_for_unknown_codes(error: GraphError, retry: Retry) -> None:
    assert error.retry is retry


@pytest.mark.parametrize(
    ("code", "auth"), [(0, True), (190, True), (10, False), (200, False), (131005, False)]
)
def test_only_an_authentication_answer_breaks_a_connection(code: int, auth: bool) -> None:
    assert GraphError(code, http_status=401).is_auth is auth


@pytest.mark.parametrize(
    "text",
    [
        "Malformed access token EAAGm0PX4ZCpsBAOZBxZCexample",
        "header was Bearer abc.def-ghi",
        "GET /x?access_token=abc&y=1",
        "client_secret=abc",
    ],
)
def test_what_looks_like_a_secret_is_blanked(text: str) -> None:
    shown = str(GraphError(190, text))
    assert "***" in shown
    assert not [word for word in ("EAAGm0PX4", "abc") if word in shown]
    assert redact("an ordinary sentence") == "an ordinary sentence"
