"""Counts from a command line, a file, and spread over prototypes."""

from pathlib import Path

import pytest

from generation.runs.counts import CellCount, check_cells, parse_counts, spread
from generation.runs.errors import RunRefused


def test_reads_a_line_and_a_file(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_text('{"BAS": 20, "EOS": 5}')

    assert parse_counts("BAS=20, EOS=5") == parse_counts(str(path)) == {"BAS": 20, "EOS": 5}


@pytest.mark.parametrize("text", ["BAS", "BAS=x", "BAS=-1", "BAS=1,BAS=2", "missing.json"])
def test_refuses_what_is_no_count(text: str) -> None:
    with pytest.raises(RunRefused):
        parse_counts(text)


@pytest.mark.parametrize("text", ['["BAS"]', '{"BAS": 1.5}', '{"BAS": true}', '{"BAS": -2}', "no"])
def test_refuses_files_of_another_shape(tmp_path: Path, text: str) -> None:
    path = tmp_path / "counts.json"
    path.write_text(text)

    with pytest.raises(RunRefused, match=r"counts\.json"):
        parse_counts(str(path))


def test_spreads_a_class_over_its_prototypes_by_their_shares() -> None:
    cells = spread({"BAS": 8, "EOS": 1}, {"BAS": [0.75, 0.25], "EOS": [0.4, 0.6]})

    assert [(c.code, c.prototype, c.n_generate) for c in cells] == [
        ("BAS", 0, 6),
        ("BAS", 1, 2),
        ("EOS", 1, 1),
    ]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (CellCount("HAC", 0, 1, 1), "not learned HAC"),
        (CellCount("BAS", 2, 1, 1), "Prototype 2"),
        (CellCount("BAS", 0, 0, 0), "0 images"),
        (CellCount("BAS", 0, 10**6, 1), "1000000 images"),
    ],
)
def test_refuses_what_the_checkpoint_cannot_draw(cell: CellCount, reason: str) -> None:
    with pytest.raises(RunRefused, match=reason):
        check_cells([cell], ("BAS", "EOS"), 2)
