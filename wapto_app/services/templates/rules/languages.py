"""The languages in which Meta takes templates, and what they are called."""

from __future__ import annotations

from functools import cache

from babel import Locale

# Meta: "Supported languages" of message templates.
_CODES = """
    af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA az be_BY bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs da prs_AF nl nl_BE en
    en_GB en_US en_AE en_AU en_CA en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_ZA et fil fi fr fr_BE
    fr_CA fr_CH fr_CI fr_MA ka de de_AT de_CH el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml
    mr nb ps_AF fa pl pt_BR pt_PT pa ro ru sr si_LK sk sl es es_AR es_CL es_CO es_CR es_DO es_EC es_HN es_MX es_PA
    es_PE es_ES es_UY sw sv ta te th tr uk ur uz vi zu
"""
LANGUAGES = frozenset(_CODES.split())
_UNNAMED = {"prs": "Dari"}


@cache
def in_words(code: str, reader: str = "en") -> str:
    """ "Portuguese (Brazil)" for ``pt_BR``, in the language of the reader; the code itself when nobody knows it."""
    tongue, _, country = code.partition("_")
    names = Locale.parse(reader)
    name = names.languages.get(tongue) or _UNNAMED.get(tongue)
    if not name:
        return code
    place = names.territories.get(country, country)
    return f"{name[0].upper()}{name[1:]}" + (f" ({place})" if place else "")


def choices(reader: str = "en") -> list[tuple[str, str]]:
    """Code and name of each, by name."""
    return sorted(((code, in_words(code, reader)) for code in LANGUAGES), key=lambda each: each[1].casefold())
