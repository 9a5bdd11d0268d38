"""Copy a whole site's database to an empty one of any kind, with all keys and times as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import dj_database_url
from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.utils import load_backend

from arena.voting.consistent import consistent_read
from arena.voting.ledger import verify_ledger
from arena.voting.models import Study

TARGET = "target"
"""Django's alias of the database that is copied to."""
BATCH = 2000
"""Rows that are read and written at a time."""
MADE_BY_MIGRATING = ("django_content_type", "auth_permission")
"""Tables that Django fills itself in each new database."""


class CantCopy(ValueError):
    """Database that can't be copied to; the message says why and what to do."""


class Copied(NamedTuple):
    """Result of a copy."""

    rows: int
    tables: int
    entries: dict[str, int]
    """Number of verified ledger entries of each study."""


def copy_site(url: str, report: Callable[[str], None]) -> Copied:
    """Copy all rows to another database, and verify every ledger there before anything is kept.

    All rows are written in one transaction: after a failure, the other database holds empty tables at most.

    Args:
        url: address of an empty database, as for DATABASE_URL.
        report: called with the name of each table that is copied.

    Raises:
        CantCopy: the address is malformed or can't be reached, or the database isn't empty or is this one.
        BrokenLedger: a ledger differs from its rows, here or there.
    """
    with _connected(url) as target:
        return _copy(target, "URL", report)


def copy_back(url: str, report: Callable[[str], None]) -> Copied:
    """Copy all rows of another database, which is first brought to this version, into the site's empty one.

    Args:
        url: address of a database that `copy_site` wrote in this version or an earlier one.
        report: called with the name of each table that is copied.

    Raises:
        CantCopy: the address can't be reached, or the site's own database isn't empty.
        BrokenLedger: a ledger differs from its rows; the site's database keeps no row.
    """
    site = connections[DEFAULT_DB_ALIAS]
    with _connected(url) as source, _standing_in(source):
        call_command("migrate", verbosity=0)  # finds the other database by its alias
        connections[TARGET] = site
        return _copy(site, "DATABASE_URL", report)


def require_empty_site() -> None:
    """Raise CantCopy if the site's own database has rows or tables of others."""
    _refuse_rows(connections[DEFAULT_DB_ALIAS], "DATABASE_URL")


def _copy(target: BaseDatabaseWrapper, name: str, report: Callable[[str], None]) -> Copied:
    """Copy the rows of the database that stands for this site's to one that is known by a name."""
    try:
        _refuse_rows(target, name)
        with _standing_in(target):  # migrations may call code that knows one database alone
            call_command("migrate", verbosity=0)
        with transaction.atomic(using=TARGET), consistent_read():
            return _copied(target, report)
    except DatabaseError as error:
        raise CantCopy(f"The other database refused the copy, and keeps no row of it: {error}") from error


def _copied(target: BaseDatabaseWrapper, report: Callable[[str], None]) -> Copied:
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    with target.cursor() as cursor:
        for table in reversed(MADE_BY_MIGRATING):
            cursor.execute(f"DELETE FROM {target.ops.quote_name(table)}")  # noqa: S608 - names of Django's
    rows = 0
    for model in models:
        report(model._meta.db_table)
        rows += _copy_table(model, target)
    with target.cursor() as cursor:
        for statement in target.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    target.check_constraints()
    return Copied(rows, len(models), _verified(target))


def _copy_table(model: type[Model], target: BaseDatabaseWrapper) -> int:
    """Copy a table as its columns stand: no default and no time of creation is set anew."""
    fields = model._meta.concrete_fields
    quoted = target.ops.quote_name
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
    rows = model._base_manager.order_by("pk").values_list(*(field.attname for field in fields))
    batch, written = [], 0
    for row in rows.iterator(chunk_size=BATCH):
        pairs = zip(fields, row, strict=True)
        batch.append([field.get_db_prep_save(value, target) for field, value in pairs])
        if len(batch) == BATCH:
            written += _write(target, sql, batch)
            batch = []
    return written + _write(target, sql, batch)


def _write(target: BaseDatabaseWrapper, sql: str, batch: list[list[Any]]) -> int:
    if batch:
        with target.cursor() as cursor:
            cursor.executemany(sql, batch)
    return len(batch)


def _verified(target: BaseDatabaseWrapper) -> dict[str, int]:
    """Verify the ledger of each study in the other database."""
    with _standing_in(target):
        return {study.slug: verify_ledger(study) for study in Study.objects.order_by("pk")}


@contextmanager
def _standing_in(target: BaseDatabaseWrapper) -> Iterator[None]:
    """Let the other database stand in for this one."""
    here = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = target
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = here


def _refuse_rows(target: BaseDatabaseWrapper, name: str) -> None:
    """Refuse a database with rows, except those that migrating makes, and one with tables of others."""
    with target.cursor() as cursor:
        known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
        for table in target.introspection.table_names(cursor):
            if table in ("django_migrations", *MADE_BY_MIGRATING):
                continue
            cursor.execute(f"SELECT count(*) FROM {target.ops.quote_name(table)}")  # noqa: S608
            [count] = cursor.fetchone()
            if count or table not in known:
                raise CantCopy(
                    f"{name} must name an empty database; got one whose table {table} has {count} rows. "
                    "Nothing was copied. Create another one."
                )


@contextmanager
def _connected(url: str) -> Iterator[BaseDatabaseWrapper]:
    """Connect to the database at an address, under an alias of its own."""
    settings = _settings(url)
    target = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, TARGET)
    connections[TARGET] = target
    try:
        target.ensure_connection()
        yield target
    except DatabaseError as error:
        raise CantCopy(f"URL must name a database that can be reached: {error}") from error
    finally:
        target.close()
        del connections[TARGET]


def _settings(url: str) -> dict[str, Any]:
    """Return Django's settings of a database."""
    here = connections.settings[DEFAULT_DB_ALIAS]
    try:
        parsed = dj_database_url.parse(url)
    except ValueError as error:  # an unknown scheme, or a port that is no number
        raise CantCopy(
            "URL must be an address as for DATABASE_URL, such as postgres://user@host/name"
        ) from error
    place = ("ENGINE", "NAME", "HOST", "PORT")
    if [str(parsed.get(name, "")) for name in place] == [str(here.get(name, "")) for name in place]:
        raise CantCopy("URL must name another database than the site's own; got the same.")
    known = {DEFAULT_DB_ALIAS: here, TARGET: dict(parsed)}
    configured: dict[str, dict[str, Any]] = connections.configure_settings(known)
    return configured[TARGET]
