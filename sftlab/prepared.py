"""Statements that the busiest endpoints say thousands of times: parsed and planned by the server once a connection.

Django's cursor sends every statement as text; this one binds on the server. It shares the connection, so it lies in the
caller's transaction. JSON columns come back as text.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import connection, models
from psycopg.pq import ExecStatus

M = TypeVar("M", bound=models.Model)
Row = tuple[Any, ...]


def rows(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[Row]:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    raw = connection.connection
    raw.prepare_threshold = 0
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(sql, values, prepare=True)  # type: ignore[call-overload]  # the text is a module's own constant
        result = cursor.pgresult  # asking for `description` would build an object for every column
        return cursor.fetchall() if result is not None and result.status == ExecStatus.TUPLES_OK else []


def row(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> Row | None:
    found = rows(sql, values)
    return found[0] if found else None


def made(model: type[M], values: Sequence[Any]) -> M:
    """An instance of the values that `columns` names, JSON parsed."""
    names, parsed = _shape(model)
    ready = list(values)
    for place in parsed:
        if isinstance(ready[place], str):
            ready[place] = json.loads(ready[place])
    return model.from_db(connection.alias, names, ready)


@cache
def _shape(model: type[models.Model]) -> tuple[list[str], list[int]]:
    fields = model._meta.concrete_fields
    parsed = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    return [field.attname for field in fields], parsed


def width(model: type[models.Model]) -> int:
    return len(_shape(model)[0])


def columns(model: type[models.Model], prefix: str = "") -> str:
    """The model's columns for a SELECT or RETURNING list, in the order that `from_db` takes them."""
    return ", ".join(f'{prefix}"{field.column}"' for field in model._meta.concrete_fields)
