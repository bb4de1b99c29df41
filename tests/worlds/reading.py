"""A reader's browser on a study that the real services made."""

import json
from typing import Any

from django.test import Client

from review.studies.models import Membership, Study
from tests.review.reader.browsing import CONFIG, answer_for, body_of


class ReaderAtWork:
    """One signed-in reader of one study."""

    def __init__(self, seat: Membership) -> None:
        self.slug = seat.study.slug
        self.client = Client()
        self.client.force_login(seat.user)

    def start(self) -> None:
        """Open the session that is due."""
        self.client.post(f"/read/{self.slug}/start", {"viewport": "1280x800"})

    def config(self) -> dict[str, Any]:
        """Return the configuration of the reading screen."""
        page = self.client.get(f"/read/{self.slug}/")
        found = CONFIG.search(body_of(page))
        assert found, f"no reading screen: {page.status_code}"
        return json.loads(found.group(1))

    def submit(self, body: dict[str, Any]) -> Any:
        url = f"/read/{self.slug}/submit"
        return self.client.post(url, json.dumps(body), content_type="application/json")

    def read_session(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Start the due session and answer its cases; return (case, the answer to it)."""
        self.start()
        news = self.config()
        kind, session = news["part"]["kind"], news["session"]
        done = []
        while news["state"] == "reading":
            case = news["cases"][0]
            answer = self.submit(answer_for(case, kind) | {"session": session})
            assert answer.status_code == 200, answer.content
            news = json.loads(body_of(answer))
            done.append((case, news))
        return done


def reader_at_work(study: Study, code: str = "R01") -> ReaderAtWork:
    return ReaderAtWork(Membership.objects.get(study=study, code=code))
