"""Queries that are compiled to SQL once: Django takes longer to build and compile a query than to run it.

PostgreSQL prepares them once for each connection as well: planning one takes it longer than running it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import get_connection

Row = TypeVar("Row", bound=Model)


class Given(Expression):
    """Value of a prepared query that each run fills in."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        """Name the value; the field says how the database stores it."""
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - see below
        """Compile to a placeholder whose parameter is this expression; Django's types don't foresee it."""
        return "%s", [self]


def prepared_cursor() -> CursorWrapper:
    """Return a cursor whose statements PostgreSQL prepares, unless the settings forbid it.

    Its values are bound by the server, which takes 65,535 of them at most.
    """
    database = get_connection()
    if database.vendor != "postgresql":
        return cast(CursorWrapper, database.cursor())
    from django.db.backends.postgresql.base import ServerBindingCursor  # psycopg is optional

    database.ensure_connection()
    wrapped: Any = database  # Django's types know neither method
    made: Any = ServerBindingCursor
    return cast(CursorWrapper, wrapped._prepare_cursor(made(database.connection)))


@dataclass(frozen=True)
class Compiled:
    """SQL of a query, and what turns its rows into values."""

    sql: str
    parameters: Sequence[Any]
    """Parameters in order, some of them `Given`."""
    compiler: SQLCompiler | None = None
    converters: Mapping[int, Any] | None = None
    """Functions and expression by column, for the columns that need them."""

    def change(self, given: Mapping[str, object]) -> int:
        """Run a statement; return the number of rows that it changed."""
        with prepared_cursor() as cursor:
            cursor.execute(self.sql, self._filled(given, cursor.db))
            return int(cursor.rowcount)

    def rows(self, given: Mapping[str, object]) -> list[list[Any]]:
        """Run the query; return its rows as Python's values."""
        with prepared_cursor() as cursor:
            cursor.execute(self.sql, self._filled(given, cursor.db))
            found = [list(row) for row in cursor.fetchall()]
        for column, (functions, expression) in (self.converters or {}).items():
            for row in found:
                for function in functions:
                    row[column] = function(row[column], expression, cursor.db)
        return found

    def _filled(self, given: Mapping[str, object], database: BaseDatabaseWrapper) -> list[Any]:
        return [
            value.output_field.get_db_prep_value(given[value.name], database)
            if isinstance(value, Given)
            else value
            for value in self.parameters
        ]


class Prepared(Generic[Row]):
    """A query whose values are given at each run."""

    def __init__(self, build: Callable[[], QuerySet[Row, Any]]) -> None:
        """Take a function that builds the query, with `Given` in place of its values."""
        self._build = build
        self._compiled: dict[str, Compiled] = {}

    def rows(self, **given: object) -> list[list[Any]]:
        """Return the rows of a query of values."""
        return self._prepared().rows(given)

    def objects(self, **given: object) -> list[Row]:
        """Return the model instances of a query, with related ones as it selects them."""
        compiled = self._prepared()
        made = _maker(compiled.compiler)
        return [made(row) for row in compiled.rows(given)]

    def first(self, **given: object) -> Row | None:
        """Return the first model instance, or None."""
        return next(iter(self.objects(**given)), None)

    def _prepared(self) -> Compiled:
        database = get_connection()
        if database.vendor not in self._compiled:
            compiler = self._build().query.get_compiler(connection=database)
            sql, parameters = compiler.as_sql()
            converters = compiler.get_converters([expression for expression, _, _ in compiler.select])
            self._compiled[database.vendor] = Compiled(sql, parameters, compiler, converters)
        return self._compiled[database.vendor]


class PreparedUpdate:
    """An update whose values are given at each run."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]], **values: object) -> None:
        """Take a function that builds the query of the rows, and their new values."""
        self._build = build
        self._values = values
        self._compiled: dict[str, Compiled] = {}

    def run(self, **given: object) -> int:
        """Update the rows; return their number."""
        database = get_connection()
        if database.vendor not in self._compiled:
            query: Any = self._build().query.chain(UpdateQuery)
            query.add_update_values(self._values)
            self._compiled[database.vendor] = Compiled(*query.get_compiler(connection=database).as_sql())
        return self._compiled[database.vendor].change(given)


def insert(row: Model) -> None:
    """Insert one new row, as `save(force_insert=True)` does for a model without parents; set its key."""
    _insert(row, "")


def insert_unless_taken(row: Model) -> bool:
    """Insert one new row with its key, and return whether no unique constraint kept it out."""
    return _insert(row, " ON CONFLICT DO NOTHING")


def _insert(row: Model, unless: str) -> bool:
    sql, fields = _insertion(type(row), row.pk is None)
    with prepared_cursor() as cursor:
        values = [field.get_db_prep_save(field.pre_save(row, add=True), cursor.db) for field in fields]
        cursor.execute(sql + unless, values)
        if row.pk is None:
            row.pk = cursor.fetchone()[0]
        inserted = bool(cursor.rowcount)
    if inserted:
        row._state.adding, row._state.db = False, cursor.db.alias
    return inserted


@lru_cache
def _insertion(model: type[Model], without_key: bool) -> tuple[str, list[Field[Any, Any]]]:
    """Return an INSERT statement, and the fields whose values it takes."""
    meta, quoted = model._meta, get_connection().ops.quote_name
    fields = [field for field in meta.concrete_fields if not (without_key and field.primary_key)]
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    sql = f"INSERT INTO {quoted(meta.db_table)} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608
    returned = f" RETURNING {quoted(str(meta.pk.column))}" if without_key else ""
    return sql + returned, fields


@lru_cache
def _maker(compiler: Any) -> Callable[[Sequence[Any]], Any]:  # noqa: ANN401 - as in Django
    """Return a function that makes a model instance of a row, as `QuerySet` does."""
    select, info = compiler.select, compiler.klass_info
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in select[first:last]]
    database = compiler.connection.alias
    related = get_related_populators(info, select, database)  # type: ignore[call-arg]  # of a later Django
    annotations = compiler.annotation_col_map

    def make(row: Sequence[Any]) -> Any:  # noqa: ANN401 - as in Django
        made = info["model"].from_db(database, names, row[first:last])
        for populator in related:
            populator.populate(row, made)
        for name, column in annotations.items():
            setattr(made, name, row[column])
        return made

    return make
