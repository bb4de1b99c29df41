"""Database triggers that make tables append-only, on SQLite and on PostgreSQL.

Installed after every migrate: an AlterField on SQLite rebuilds the table and drops its triggers.
Models opt in with `append_only: ClassVar[bool] = True`.
"""

from typing import Any

from django.apps import apps
from django.db import connections, models

MESSAGE = "append-only: write a new row instead"

PG_FUNCTION = f"""
CREATE OR REPLACE FUNCTION semblance_append_only() RETURNS trigger AS $$
BEGIN
  RAISE EXCEPTION '% is {MESSAGE}', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$ LANGUAGE plpgsql
"""


def append_only_tables() -> list[str]:
    """Return the tables of all models that opted in, in a stable order."""
    found = [m for m in apps.get_models() if getattr(m, "append_only", False)]
    return sorted(_table(model) for model in found)


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table


def install(using: str) -> None:
    """Create missing triggers; safe to repeat."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(PG_FUNCTION)
        for table in append_only_tables():
            if table in present:
                for statement in _create(connection.vendor, table):
                    cursor.execute(statement)


def remove(using: str) -> None:
    """Drop the triggers: only tests that empty the tables may do this."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in append_only_tables():
            if table in present:
                for name in _names(table):
                    on = f" ON {table}" if connection.vendor == "postgresql" else ""
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def _names(table: str) -> list[str]:
    return [f"{table}_no_{verb}" for verb in ("update", "delete", "truncate")]


def _create(vendor: str, table: str) -> list[str]:
    update, delete, truncate = _names(table)
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is {MESSAGE}'); END"
            for name, verb in ((update, "UPDATE"), (delete, "DELETE"))
        ]
    rows = [
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {verb} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION semblance_append_only()"
        for name, verb in ((update, "UPDATE"), (delete, "DELETE"))
    ]
    return [
        *rows,
        f"CREATE OR REPLACE TRIGGER {truncate} BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION semblance_append_only()",
    ]


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """Run `install` as a post_migrate handler."""
    install(using)
