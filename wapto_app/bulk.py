"""Statements of the hot paths: compiled once, their rows handed to the driver with little in between.

SQLAlchemy looks up every value of every row by several names, which costs more than the database needs for the row.
Here the order of the values is known beforehand, and only those are converted that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

Row = Mapping[str, Any]
Convert = Callable[[Any], Any]


class Bulk:
    """One INSERT, UPDATE or DELETE for many rows.

    ``build`` makes the statement of a dialect, once. All rows ever given have the same keys: the parameters that are
    named in the statement, or, where an INSERT names none, columns of its table; all those that have a default, too.
    """

    def __init__(self, build: Callable[[str], sa.UpdateBase]) -> None:
        self._build = build
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Do it for all rows, in this order; nothing for none."""
        if not rows:
            return
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._build(dialect.name), rows[0], dialect)
        connection.exec_driver_sql(ready.text, ready.parameters(rows))


class _Ready:
    """A statement as the driver takes it."""

    def __init__(self, statement: sa.UpdateBase, row: Row, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(row))
        self.text = str(compiled)
        forgotten = [column.name for column in (*compiled.insert_prefetch, *compiled.update_prefetch)]
        if forgotten:
            raise TypeError(
                f"The rows have no value for {', '.join(forgotten)}; a default is not looked up here."
            )
        binds = {name: compiled.binds[name] for name in compiled.params}
        found = {name: _conversion(each, dialect) for name, each in binds.items()}
        self._conversions = [(name, convert) for name, convert in found.items() if convert]
        # What the statement itself brings, such as a number to compare with; converted with every row, like the rest.
        self._own = {name: compiled.params[name] for name, each in binds.items() if not each.required}
        in_order = compiled.positiontup
        self._ordered = None if in_order is None else _in_order(in_order)

    def parameters(self, rows: Iterable[Row]) -> list[Any]:
        return [self._parameters({**self._own, **row}) for row in rows]

    def _parameters(self, row: dict[str, Any]) -> Any:
        for name, convert in self._conversions:
            row[name] = convert(row[name])
        return row if self._ordered is None else self._ordered(row)


def _in_order(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _conversion(parameter: sa.BindParameter[Any], dialect: sa.Dialect) -> Convert | None:
    return parameter.type.dialect_impl(dialect).bind_processor(dialect)


class _List(sa.TypeDecorator[list[Any]]):
    """Many values as one parameter: SQLite reads them from JSON, PostgreSQL has arrays."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, of: sa.types.TypeEngine[Any]) -> None:
        super().__init__()
        # Without a length: PostgreSQL would cut longer texts off, and they would be found as what is left of them.
        self.of = sa.String() if isinstance(of, (sa.String, AutoString)) else of

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.ARRAY(self.of))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Iterable[Any] | None, dialect: sa.Dialect) -> Any:
        values = list(value or ())
        return values if dialect.name == "postgresql" else orjson.dumps(values).decode()


def among(dialect: str, column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """``column IN (all values of the parameter)``, whose text stays the same for any number of them.

    For whole numbers and texts. The statement is built, compiled and prepared once; an ordinary ``in_`` is all that
    again each time. It uses the column's index.
    """
    if dialect == "postgresql":
        return column == sa.func.any(sa.bindparam(name, type_=_List(column.type)))
    return column.in_(sa.select(listed(dialect, column, name).c.value))


def listed(dialect: str, column: sa.ColumnElement[Any], name: str) -> sa.TableValuedAlias:
    """All values of the parameter, which are such as the column has, as rows with one column: ``value``."""
    values = sa.bindparam(name, type_=_List(column.type))
    if dialect == "postgresql":
        return sa.func.unnest(values).table_valued(sa.column("value", column.type)).render_derived()
    return sa.func.json_each(values).table_valued(sa.column("value", column.type))
