"""PostgreSQL dies and comes back while readers answer: nothing is lost, nothing is doubled."""

import threading
import time

import psycopg
import pytest

from tests.faults.cluster import Cluster
from tests.faults.queue import Reader
from tests.faults.site import Site

pytestmark = pytest.mark.workers
READERS, CASES = 4, 40


def _stored(cluster: Cluster) -> dict[str, str]:
    """Return key -> public id of the assignment of every reading."""
    query = (
        "select r.idempotency_key::text, a.public_id::text from readings_reading r "
        "join studies_assignment a on a.id = r.assignment_id"
    )
    with psycopg.connect(cluster.url) as connection:
        return dict(connection.execute(query).fetchall())


def _answered(people: list[Reader]) -> int:
    return sum(len(person.statuses) for person in people)


def test_immediate_restarts_lose_and_double_no_answer(cluster: Cluster, site: Site) -> None:
    site.environment["DATABASE_URL"] = cluster.url
    cookies = site.build(readers=READERS, cases=CASES + 3)
    site.start_web()
    dispatcher = site.start_dispatcher()
    people = [Reader(site.url, cookie) for cookie in cookies]
    threads = [threading.Thread(target=person.read, args=(CASES,)) for person in people]
    for thread in threads:
        thread.start()
    for share in (0.25, 0.6):
        while _answered(people) < share * READERS * CASES:
            assert any(thread.is_alive() for thread in threads)
            time.sleep(0.005)
        cluster.restart_immediately()
    for thread in threads:
        thread.join()

    failures = [failure for person in people for failure in person.failures]
    assert failures, "the restarts came between the answers; nothing was tried"
    assert {code for code, _, _ in failures} == {503}
    assert {news["error"] for _, _, news in failures} == {"database_away"}
    assert all(int(headers["Retry-After"]) > 0 for _, headers, _ in failures)
    assert all(person.statuses.count("superseded") == 0 for person in people)
    expected = {key: case for person in people for key, case in person.sent.items()}
    assert len(expected) == READERS * CASES
    assert _stored(cluster) == expected
    assert dispatcher.poll() is None
    site.run("manage.py", "verify_readings")
    site.run("manage.py", "verify_audit")
