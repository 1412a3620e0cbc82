"""STOP and START: words by which customers opt out and in, in their languages, obeyed as they come in."""

from wapto_app.services.opt_words.choices import NAME as TOPIC
from wapto_app.services.opt_words.choices import Vocabulary, heard
from wapto_app.services.opt_words.settings import (
    LanguageRow,
    Settings,
    WordsForm,
    load,
    reset,
    save,
    save_own,
    switch,
)

__all__ = [
    "TOPIC",
    "LanguageRow",
    "Settings",
    "Vocabulary",
    "WordsForm",
    "heard",
    "load",
    "reset",
    "save",
    "save_own",
    "switch",
]
