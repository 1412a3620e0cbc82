"""What a column of a file can be, and the guess of what it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypedDict

from integrations.whatsapp.phones import canonical_phone
from wapto_app.models import FieldKind

PHONE, TAGS, OPT_IN = "phone", "tags", "opt_in"
FIRST_NAME, LAST_NAME = "first_name", "last_name"
COLUMNS = ("name", "company", "email", "language", "source", "notes")
"""Of the contact itself; what an import writes and takes back."""
BUILT_IN = (
    PHONE,
    "name",
    FIRST_NAME,
    LAST_NAME,
    "company",
    "email",
    "language",
    "source",
    "notes",
    TAGS,
    OPT_IN,
)
SEVERAL = frozenset({TAGS, "notes"})
"""What may come from more than one column."""
NEW, FIELD = "new:", "field:"
NEW_KINDS = (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.NUMBER, FieldKind.DATE, FieldKind.YES_NO)

_NAMES = {
    PHONE: "phone|phone number|phonenumber|mobile|mobile number|mobile phone|cell|cell phone|cellphone|telephone|tel|"
    "whatsapp|whatsapp number|wa id|msisdn|number|contact number|telefono|numero de telefono|movil|celular|"
    "numero|numero de celular|telefone|numero de telefone|telemovel|fone|contato|telephone portable|portable|"
    "telefon|telefonnummer|handy|handynummer|mobil|mobilnummer|rufnummer|no hp|nomor|nomor telepon",
    "name": "name|full name|fullname|contact|contact name|customer|customer name|client|client name|display name|"
    "nombre|nombre completo|nombre y apellidos|cliente|nome|nome completo|nome do cliente|nom complet|"
    "vollstandiger name|kunde|nama",
    FIRST_NAME: "first name|firstname|given name|forename|nombre de pila|primer nombre|primeiro nome|prenom|vorname",
    LAST_NAME: "last name|lastname|surname|family name|apellido|apellidos|sobrenome|ultimo nome|apelido|nom|"
    "nom de famille|nachname|familienname",
    "company": "company|company name|organization|organisation|business|account|employer|empresa|compania|negocio|"
    "organizacion|organizacao|societe|entreprise|firma|unternehmen|perusahaan",
    "email": "email|e mail|email address|e mail address|mail|correo|correo electronico|endereco de email|e mail 1|"
    "adresse email|courriel|e mail adresse",
    "language": "language|lang|locale|idioma|lengua|lingua|langue|sprache|bahasa",
    "source": "source|lead source|origin|channel|origen|fuente|origem|fonte|quelle|herkunft",
    "notes": "notes|note|comment|comments|remarks|description|notas|nota|observaciones|comentarios|observacoes|"
    "comentario|anotacoes|remarque|remarques|notizen|notiz|bemerkung|bemerkungen|catatan",
    TAGS: "tags|tag|label|labels|group|groups|segment|list|category|categories|etiqueta|etiquetas|grupo|grupos|"
    "categoria|categorias|marcadores|etiquette|etiquettes|schlagworter|gruppe|gruppen",
    OPT_IN: "opt in|optin|opted in|consent|subscribed|marketing consent|accepts marketing|gdpr|consentimiento|"
    "suscrito|acepta|consentimento|inscrito|aceita|autoriza|consentement|einwilligung|abonniert",
}
# Words that leave no doubt, wherever in the name they stand ("Teléfono móvil", "WhatsApp del cliente").
_TELLING = {
    PHONE: "phone|mobile|cellphone|whatsapp|msisdn|telefono|movil|celular|telefone|telemovel|telefon|handy|"
    "handynummer|mobilnummer|telefonnummer|rufnummer",
    "email": "email|correo|courriel",
}
_KNOWN = {name: target for target, names in _NAMES.items() for name in names.split("|")}


class Target(TypedDict):
    """What one column is. ``label`` and ``kind`` are of a field that is to be made; empty otherwise."""

    target: str
    label: str
    kind: str


def guess(
    names: Sequence[str], shown: Sequence[Sequence[str]], fields: Mapping[str, int], region: str | None
) -> list[Target]:
    """By the names of the columns, then by what is in them. ``fields`` are custom fields by folded label and key."""
    taken: set[str] = set()
    found = [_claim(_by_name(name, fields), taken) for name in names]
    if PHONE not in taken:
        for i, target in enumerate(found):
            if not target and _looks_like_phones([row[i] for row in shown if i < len(row)], region):
                found[i] = PHONE
                break
    return [Target(target=each, label="", kind="") for each in found]


def _claim(target: str, taken: set[str]) -> str:
    """Two columns that sound alike are not both the name."""
    if target in taken and target not in SEVERAL:
        return ""
    taken.add(target)
    return target


def _by_name(name: str, fields: Mapping[str, int]) -> str:
    plain = folded(name)
    if plain in fields:
        return f"{FIELD}{fields[plain]}"
    if plain in _KNOWN:
        return _KNOWN[plain]
    words = set(plain.split())
    return next((target for target, telling in _TELLING.items() if words & set(telling.split("|"))), "")


def _looks_like_phones(cells: Sequence[str], region: str | None) -> bool:
    filled = [cell for cell in cells if cell]
    numbers = [cell for cell in filled if len(re.sub(r"\D", "", cell)) >= 8 and canonical_phone(cell, region)]
    return len(filled) > 0 and len(numbers) * 10 >= len(filled) * 8


def folded(name: str) -> str:
    """Small letters and digits without accents, one space between words."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", " ", plain).strip()
    return words or name.strip().casefold()
