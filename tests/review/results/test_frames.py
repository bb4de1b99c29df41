"""One case of a snapshot: all its rows, no other, and only from the file that was frozen."""

import pytest

from review.catalog import storage
from review.results.errors import SnapshotBroken
from review.results.frames import load_snapshot, read_case
from tests.worlds.results import unblinded

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize("size", [64, 1000, 1 << 20])
def test_every_case_has_its_rows_however_the_file_is_cut(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, snapshot = unblinded(readers=2)
    cut = storage.read_chunks
    monkeypatch.setattr("review.results.frames.read_chunks", lambda key: cut(key, size))
    frame = load_snapshot(snapshot)

    for (part, case), rows in frame.groupby(["part", "case"]):
        found = read_case(snapshot, part=int(part), case=str(case))
        assert [row["reader"] for row in found] == list(rows["reader"]), (part, case)
    assert read_case(snapshot, part=1, case="C9999") == []
    assert read_case(snapshot, part=1, case='C0001","x":"') == []


def test_an_altered_file_gives_no_row() -> None:
    _, snapshot = unblinded()
    snapshot.content_sha256 = "0" * 64

    with pytest.raises(SnapshotBroken, match="changed on disk"):
        read_case(snapshot, part=1, case="C0001")
