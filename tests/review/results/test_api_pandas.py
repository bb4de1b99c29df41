"""pandas reads the API straight from its address, with a token in the header."""

import pandas as pd
import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from review.results.tokens import make_token
from tests.worlds.results import unblinded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_read_csv_from_the_address(live_server: LiveServer) -> None:
    closed, snapshot = unblinded()
    token = make_token(actor=closed.editor, days=1)
    url = live_server.url + reverse("api:readings_csv", args=[snapshot.uuid])
    frame = pd.read_csv(
        f"{url}?part_kind=turing", storage_options={"Authorization": f"Token {token}"}
    )
    assert set(frame["part_kind"]) == {"turing"}
    assert len(frame) == 24
    with pytest.raises(OSError, match="401"):
        pd.read_csv(url, storage_options={"Authorization": "Token wrong"})
