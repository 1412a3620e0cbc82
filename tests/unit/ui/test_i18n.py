"""t() and tn() become look-ups in the browser, and nothing in a text can break out of them."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.i18n import from_server, t, tn


class Counter(rx.State):
    n: int = 0


def test_a_text_without_values_needs_no_hook_and_so_no_component_of_its_own() -> None:
    text = t("Inbox")
    data = text._get_all_var_data()
    assert str(text) == 'tr("Inbox")'
    assert data is not None
    assert data.hooks == ()


def test_values_of_a_state_keep_their_state() -> None:
    data = t("{n} unread", n=Counter.n)._get_all_var_data()
    assert data is not None
    assert Counter.get_full_name() in data.state


def test_quotes_backslashes_and_line_ends_stay_inside_the_literal() -> None:
    assert str(t('Say "hi"\\\n</script>')) == r'tr("Say \"hi\"\\\n</script>")'


def test_a_plural_carries_both_forms_and_the_number() -> None:
    text = str(tn("{n} message", "{n} messages", Counter.n))
    assert text.startswith('trn("{n} message", "{n} messages", ')
    assert "n_rx_state_" in text


def test_a_sentence_of_the_server_is_looked_up_as_it_is() -> None:
    assert str(from_server(rx.Var.create("Saved."))) == 'trServer("Saved.")'
