"""Which messages are a word, however they are written."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.opt_words import folding
from wapto_app.services.opt_words.choices import Meaning, Vocabulary
from wapto_app.services.opt_words.folding import LONGEST, fold
from wapto_app.services.opt_words.words import LANGUAGES

WORDS = Vocabulary({})


def stops(text: str, **stored: object) -> bool | None:
    meaning = Vocabulary(stored).meaning(text)
    return None if meaning is None else meaning.stops


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        " stop ",
        "Stop!!!",
        "S T O P".replace(" ", ""),
        "STOP 🛑🛑",
        "𝗦𝗧𝗢𝗣",
        "ＳＴＯＰ",
        "st\u200bop",
        "stop.",
        "“Stop”",
        "Opt-out",
        "¡BAJA!",
        "Cancelar suscripcion",
        "Cancelar suscripción",
        "no mas mensajes",
        "SAIR",
        "não quero mais mensagens",
        "nao quero mais mensagens",
        "arrêt",
        "ARRET",
        "me desabonner",
        "Stopp",
        "Keine Nachrichten mehr!",
        "बंद करो",
        "बन्द करो",
        "बंद करो।",
        "रोकें",
        "إيقاف",
        "ايقاف",
        "توقّف",
        "تـوقـف",
        "الغاء الاشتراك",
        "BERHENTI",
    ],
)
def test_a_word_is_known_however_it_is_written(text: str) -> None:
    assert stops(text) is True


@pytest.mark.parametrize(
    "text", ["START", "start 😀", "Alta", "VOLTAR", "reprendre", "शुरू करें", "ابدأ", "Mulai!"]
)
def test_the_words_to_come_back(text: str) -> None:
    assert stops(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "🛑",
        "!!!",
        "please stop by tomorrow",
        "Stop it",
        "stopwatch",
        "s t o p",
        "cancel",
        "the end",
        "¿Baja?",
        "Baja?",
        "Planta baja",
        "إلغاء",
        "बंद है क्या",
        "stop " * 20,
    ],
)
def test_an_ordinary_message_is_none(text: str) -> None:
    assert stops(text) is None


@given(st.text(max_size=80))
def test_any_text_is_looked_at_without_harm_and_folding_is_stable(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert folded == folded.strip()
    WORDS.meaning(text)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_plain_text_is_folded_like_any_other(text: str) -> None:
    assert folding.fold(text) == folding._folded(text)


@given(
    st.sampled_from([word for each in LANGUAGES for word in (*each.out, *each.back)]),
    st.text(alphabet=" .!,;:-*_~\"'’“”«»¡…\n\t🛑😀👍\u200f\u200e\ufe0f", max_size=8),
    st.text(alphabet=" .!,;:*_~।،🛑🙏🏽", max_size=8),
    st.sampled_from([str.upper, str.lower, str.title, str]),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
)
def test_signs_around_it_case_and_form_do_not_matter(
    word: str, before: str, after: str, cased: object, form: str
) -> None:
    assert callable(cased)
    written = unicodedata.normalize(form, cased(word))  # type: ignore[arg-type]
    assert WORDS.meaning(before + written + after) == WORDS.meaning(word) is not None


def test_no_built_in_word_means_both_and_none_is_too_long() -> None:
    out = {fold(word) for each in LANGUAGES for word in each.out}
    back = {fold(word) for each in LANGUAGES for word in each.back}
    assert not out & back
    assert all(
        0 < len(word) <= LONGEST and fold(word) for each in LANGUAGES for word in (*each.out, *each.back)
    )


def test_every_answer_names_a_word_of_its_language_that_undoes_it() -> None:
    for language in LANGUAGES:
        back, out = map(fold, language.back), map(fold, language.out)
        assert any(f" {word} " in f" {fold(language.goodbye)} " for word in back), language.code
        assert any(f" {word} " in f" {fold(language.welcome)} " for word in out), language.code


def test_a_language_that_is_off_is_not_listened_to() -> None:
    assert stops("baja", off=["es"]) is None
    assert stops("stop", off=["en"]) is True  # French, German and Indonesian have it too
    assert stops("stop", off=["en", "fr", "de", "id"]) is None


def test_own_words_count_and_of_a_word_on_both_sides_the_stop_is_obeyed() -> None:
    assert stops("Cancél!", own_out=["cancel"]) is True
    assert stops("hola", own_back=["¡Hola!"]) is False
    assert stops("start", own_out=["start"]) is True
    assert stops("x", own_out=["x"], own_back=["x"]) is True


def test_the_answer_is_in_the_language_of_the_word_and_of_the_contact_when_it_is_shared() -> None:
    shared, spanish = WORDS.meaning("stop"), WORDS.meaning("baja")
    assert shared
    assert spanish
    assert WORDS.answer(shared, "") == LANGUAGES[0].goodbye
    assert "REPRENDRE" in WORDS.answer(shared, "fr_FR")
    assert "ALTA" in WORDS.answer(spanish, "de")
    assert "START" in WORDS.answer(Meaning(stops=True), "xx")
    assert WORDS.answer(Meaning(stops=True), "pt-BR").startswith("Você")


def test_an_answer_may_be_changed_and_switched_off() -> None:
    texts = {"en": {"goodbye": "Bye.", "says_goodbye": True, "says_welcome": False}}
    words = Vocabulary({"texts": texts})
    out, back = words.meaning("stop"), words.meaning("start")
    assert out
    assert back
    assert words.answer(out, "") == "Bye."
    assert words.answer(back, "") == ""


def test_a_long_message_costs_nothing() -> None:
    text = "Hello, is the flat on Harbour Street still free? " * 20
    best = min(_seconds(text) for _try in range(5))
    assert best / 10_000 < 2e-6  # 0.05 µs when nobody else is on the machine


def _seconds(text: str) -> float:
    began = time.perf_counter()
    for _each in range(10_000):
        WORDS.meaning(text)
    return time.perf_counter() - began
