"""Database roles that cannot rewrite history: SQL for the site's role and for the workers'.

The owner of the tables migrates. The site signs in as a role that may write new rows everywhere,
and change or delete them where history allows it. Workers draw and train: they get what their
tasks touch, column by column, and nothing of readers. Rooms register that from their app's ready(),
like chores (review.jobs.reapers).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import connections

from review.audit.errors import RoleRefused
from review.audit.triggers import append_only_tables

NAME = re.compile(r"(?!pg_|(?:public|none)$)[a-z_][a-z0-9_]{0,62}")  # those mean many, or nobody
LENT_RIGHTS = """SELECT r.rolname, c.relname FROM pg_roles r, pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
AND r.rolname <> %s AND pg_has_role(%s, r.oid, 'MEMBER')
AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
ORDER BY 1, 2 LIMIT 1"""
MIGRATIONS = "django_migrations"  # written by the owner alone


@dataclass(frozen=True)
class WorkerRight:
    """What workers may do with one table. Columns by field name; an empty tuple means none.

    select None: every column. Inserting a row takes the right to read its new id.
    """

    model: str
    select: tuple[str, ...] | None = None
    insert: bool = False
    update: tuple[str, ...] = ()


WORKER_RIGHTS: list[WorkerRight] = []


def register_worker_rights(rights: Iterable[WorkerRight]) -> None:
    """Add what the tasks of a room need on a worker; call it from an app's ready()."""
    WORKER_RIGHTS.extend(right for right in rights if right not in WORKER_RIGHTS)


def grants_for_site(role: str, tables: Sequence[str]) -> list[str]:
    """Return the statements that give a role what the site needs on these tables, and no more."""
    fixed = {*append_only_tables(), MIGRATIONS}
    changing = [table for table in tables if table not in fixed]
    written = [table for table in tables if table != MIGRATIONS]
    return [
        *_known(role),
        f"GRANT SELECT ON {_listed(tables)} TO {role};",
        f"GRANT INSERT ON {_listed(written)} TO {role};",
        f"GRANT UPDATE, DELETE ON {_listed(changing)} TO {role};",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};",
    ]


def grants_for_workers(role: str) -> list[str]:
    """Return the statements that give a role what registered tasks need, and no more."""
    statements = _known(role)
    for right in sorted(WORKER_RIGHTS, key=lambda one: one.model):
        meta = apps.get_model(right.model)._meta
        verbs = []
        if right.select is None:
            verbs.append("SELECT")
        elif right.select:
            verbs.append(f"SELECT ({_columns(right.model, right.select)})")
        if right.insert:
            verbs.append("INSERT")
        if right.update:
            verbs.append(f"UPDATE ({_columns(right.model, right.update)})")
        statements.append(f"GRANT {', '.join(verbs)} ON {_quoted(meta.db_table)} TO {role};")
    return statements


def _known(role: str) -> list[str]:
    """Return statements that make a role, and take away whatever it had: repeating is safe."""
    if not NAME.fullmatch(role):
        raise RoleRefused(
            f"Role {role[:70]!r} is no plain name of its own; use small letters, digits and "
            "underscores, and none of PostgreSQL's own names."
        )
    return [
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
        f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT; END IF; END $$;",
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO "
        f"{role}', current_database()); END $$;",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        f"REVOKE ALL ON SCHEMA public FROM {role};",
        f"GRANT USAGE ON SCHEMA public TO {role};",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role};",
    ]


def _columns(model: str, fields: Iterable[str]) -> str:
    meta = apps.get_model(model)._meta
    return ", ".join(_quoted(str(meta.get_field(name).column)) for name in fields)


def _listed(tables: Iterable[str]) -> str:
    return ", ".join(map(_quoted, tables))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def present_tables(using: str) -> list[str]:
    """Return the tables of the database in a stable order."""
    connection = connections[using]
    with connection.cursor() as cursor:
        return sorted(connection.introspection.table_names(cursor))


def check_role(role: str, using: str) -> None:
    """Raise RoleRefused for a role whose rights cannot be taken away.

    Superusers pass every check, who makes roles can join one, an owner can always grant to itself,
    and members have what their roles have.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            return
        if found[0]:
            raise RoleRefused(f"Role {role!r} is a superuser: no right can be kept from it.")
        if found[1]:
            raise RoleRefused(f"Role {role!r} may make roles, and so join one with more rights.")
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND pg_has_role(%s, tableowner, 'MEMBER') ORDER BY tablename",
            [role],
        )
        owned = cursor.fetchone()
    if owned is not None:
        raise RoleRefused(
            f"Role {role!r} owns table {owned[0]!r}, or belongs to its owner, and could take every "
            "right back. Migrate as another role, and name one without tables here."
        )
    with connections[using].cursor() as cursor:
        cursor.execute(LENT_RIGHTS, [role, role])
        lent = cursor.fetchone()
    if lent is not None:
        raise RoleRefused(
            f"Role {role!r} belongs to role {lent[0]!r}, whose rights on table {lent[1]!r} are its "
            "own as well. Take it out of that role first."
        )
