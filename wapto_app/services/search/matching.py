"""How each database finds the words: FTS5 on SQLite, GIN indexes on PostgreSQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from wapto_app.models import MessageSearch
from wapto_app.models.base import table_of
from wapto_app.services.search.words import Terms

message_search = table_of(MessageSearch)
_WORDS = "array_to_tsvector(string_to_array({}.words, ' '))"


def fts_query(terms: Terms) -> str:
    """For ``MATCH``. Every word in quotes: it holds letters, digits and marks only, and means nothing but itself."""
    return " ".join([*(f'"{word}"' for word in terms.exact), f'"{terms.prefix}"*'])


def trigrams(fragment: str) -> str:
    """For ``MATCH`` on a table that keeps no places: every three characters in a row."""
    parts = dict.fromkeys(fragment[at : at + 3] for at in range(len(fragment) - 2))
    return " ".join(f'"{part}"' for part in parts)


def ts_query(terms: Terms) -> str:
    """The same for PostgreSQL, as the text of a ``tsquery``."""
    return " & ".join([*(f"'{word}'" for word in terms.exact), f"'{terms.prefix}':*"])


class WithWords(FunctionElement[Any]):
    """A table of the contacts that have the words. Each database reads its own index first, and nothing else."""

    inherit_cache = True


class WithFragment(FunctionElement[Any]):
    """A table of the contacts that have this in a row somewhere in their words."""

    inherit_cache = True


@compiles(WithWords, "sqlite")
def _words_on_sqlite(element: WithWords, compiler: Any, **kw: Any) -> str:
    fts, _ts = element.clauses
    return (
        f"(SELECT rowid AS contact_id FROM contact_fts WHERE contact_fts MATCH {compiler.process(fts, **kw)})"
    )


@compiles(WithWords, "postgresql")
def _words_on_postgresql(element: WithWords, compiler: Any, **kw: Any) -> str:
    _fts, ts = element.clauses
    words = _WORDS.format("contact_search")
    return f"(SELECT contact_id FROM contact_search WHERE {words} @@ CAST({compiler.process(ts, **kw)} AS tsquery))"


@compiles(WithFragment, "sqlite")
def _fragment_on_sqlite(element: WithFragment, compiler: Any, **kw: Any) -> str:
    grams, pattern = element.clauses
    return (
        "(SELECT f.rowid AS contact_id FROM contact_fragment_fts f "
        "JOIN contact_search s ON s.contact_id = f.rowid "
        f"WHERE f.contact_fragment_fts MATCH {compiler.process(grams, **kw)} "
        f"AND s.words LIKE {compiler.process(pattern, **kw)})"
    )


@compiles(WithFragment, "postgresql")
def _fragment_on_postgresql(element: WithFragment, compiler: Any, **kw: Any) -> str:
    _grams, pattern = element.clauses
    return f"(SELECT contact_id FROM contact_search WHERE words LIKE {compiler.process(pattern, **kw)})"


def contacts_with_words(terms: Terms) -> sa.Select[Any]:
    """Their ids."""
    return _ids(WithWords(sa.literal(fts_query(terms)), sa.literal(ts_query(terms))))


def contacts_with_fragment(fragment: str) -> sa.Select[Any]:
    """Their ids."""
    return _ids(WithFragment(sa.literal(trigrams(fragment)), sa.literal(f"%{fragment}%")))


def _ids(table: FunctionElement[Any]) -> sa.Select[Any]:
    return sa.select(table.table_valued(sa.column("contact_id", sa.Integer)).c.contact_id)


# --- messages, newest first


def messages_with_words(dialect: str, terms: Terms) -> sa.Select[Any]:
    """Ids of the messages that have all of the words, in no order."""
    if dialect == "sqlite":
        fts = sa.table("message_fts", sa.column("rowid"), sa.column("message_fts"))
        return sa.select(fts.c.rowid.label("id")).where(fts.c.message_fts.op("MATCH")(fts_query(terms)))
    words = sa.text(f"{_WORDS.format('message_search')} @@ CAST(:ts AS tsquery)")
    return sa.select(message_search.c.message_id.label("id")).where(words.bindparams(ts=ts_query(terms)))


def messages_with_fragment(dialect: str, fragment: str) -> sa.Select[Any]:
    """Ids of the messages that have this in a row somewhere in their words, in no order."""
    has_it = message_search.c.words.like(f"%{fragment}%")
    if dialect == "sqlite":
        fts = sa.table("message_fragment_fts", sa.column("rowid"), sa.column("message_fragment_fts"))
        found = sa.select(fts.c.rowid.label("id")).join(
            message_search, message_search.c.message_id == fts.c.rowid
        )
        grams = fts.c.message_fragment_fts.op("MATCH")(trigrams(fragment))
        return found.where(grams, has_it)
    return sa.select(message_search.c.message_id.label("id")).where(has_it)


def newest_first(hits: sa.Select[Any], dialect: str, limit: int, *, before: int = 0) -> sa.Select[Any]:
    """The newest of the hits, found through the index of their words.

    FTS5 gives them in this order. PostgreSQL believes that a hit is near wherever one looks, and would walk through all
    messages from the newest on for a word that nobody wrote; an order that is not a column's own keeps it from that.
    """
    (row_id,) = hits.selected_columns
    if before:
        hits = hits.where(row_id < before)
    order = row_id if dialect == "sqlite" else row_id + 0
    return hits.order_by(order.desc()).limit(limit)


def among_the_newest(hits: sa.Select[Any], top: int, span: int, limit: int) -> sa.Select[Any]:
    """The newest of the hits among the ``span`` messages below ``top``: what is said often is found there at once."""
    (row_id,) = hits.selected_columns
    return hits.where(row_id < top, row_id >= top - span).order_by(row_id.desc()).limit(limit)
