from pathlib import Path

import pytest
from celery import current_app
from django.db import transaction

from review.jobs.models import Outbox
from review.jobs.services import enqueue, relay_outbox

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int], str]]:
    """Stand at the edge of the broker: what left the dispatcher, in order."""
    messages: list[tuple[str, list[int], str]] = []

    def send(name: str, args: list[int], queue: str, **kwargs: object) -> None:
        messages.append((name, args, queue))

    monkeypatch.setattr(current_app, "send_task", send)
    return messages


def test_publishes_in_order_and_once(sent: list[tuple[str, list[int], str]]) -> None:
    enqueue("a.b", 1)
    enqueue("a.c", 2, queue="compute")
    assert relay_outbox() == 2
    assert relay_outbox() == 0
    assert sent == [("a.b", [1], "default"), ("a.c", [2], "compute")]


def test_a_delayed_message_waits(sent: list[tuple[str, list[int], str]]) -> None:
    enqueue("a.b", 1, delay_s=60)
    assert relay_outbox() == 0
    assert sent == []


def test_a_broker_that_is_down_keeps_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionError("broker away")

    monkeypatch.setattr(current_app, "send_task", refuse)
    row = enqueue("a.b", 1)
    assert relay_outbox() == 0
    row.refresh_from_db()
    assert (row.sent_at, row.attempts, row.error) == (None, 1, "broker away")


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_announces_nothing() -> None:
    class Rollback(Exception):
        pass

    with pytest.raises(Rollback), transaction.atomic():
        enqueue("a.b", 1)
        raise Rollback
    assert not Outbox.objects.exists()


def test_the_embedded_broker_writes_one_file_a_message(tmp_path: Path) -> None:
    from config.celery import app

    before = set(_messages(app))
    enqueue("nobody.listens", 1, queue="test-outbox")
    relay_outbox()
    new = set(_messages(app)) - before
    for path in new:
        path.unlink()
    assert len(new) == (1 if app.conf.broker_url.startswith("filesystem") else 0)


def _messages(app: object) -> list[Path]:
    options = app.conf.broker_transport_options  # type: ignore[attr-defined]
    folder = options.get("data_folder_in")
    return list(Path(folder).glob("*.msg")) if folder else []
