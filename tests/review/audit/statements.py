"""What SQL statements did to which table, and what rights allow, in the same words."""

import re
from collections import defaultdict
from collections.abc import Iterable

from django.apps import apps

from review.audit.grants import WorkerRight

WRITES = re.compile(r'^(INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM) "(\w+)"')
READS = re.compile(r'(?:FROM|JOIN) "(\w+)"')
SET = re.compile(r'"(\w+)" = ')
Touched = dict[str, set[str]]  # table -> SELECT, INSERT, and UPDATE with its column


def touched(queries: Iterable[dict[str, str]]) -> Touched:
    """Return what the statements did to which table."""
    found: Touched = defaultdict(set)
    for sql in (query["sql"] for query in queries):
        written = WRITES.match(sql)
        if written:
            verb, table = written.group(1).split()[0], written.group(2)
            columns = SET.findall(sql.split(" WHERE ")[0]) if verb == "UPDATE" else []
            found[table] |= {f"UPDATE {column}" for column in columns} or {verb}
        for table in READS.findall(sql.removeprefix("DELETE FROM ")):
            found[table].add("SELECT")
    return found


def granted(rights: Iterable[WorkerRight]) -> Touched:
    """Return the same of what is granted; reading the id of a new row is part of inserting."""
    found: Touched = defaultdict(set)
    for right in rights:
        meta = apps.get_model(right.model)._meta
        verbs = {f"UPDATE {meta.get_field(name).column}" for name in right.update}
        verbs |= {"INSERT"} if right.insert else set()
        verbs |= {"SELECT"} if right.select is None else set()
        found[meta.db_table] |= verbs
    return found


def lacking(some: Touched, wanted: Touched) -> Touched:
    """Return what is wanted and not among some."""
    missing = {table: verbs - some.get(table, set()) for table, verbs in wanted.items()}
    return {table: verbs for table, verbs in missing.items() if verbs}
