"""The command that scripts call: counts in, one line of JSON out, no database."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

GOOD = {
    "budget": 300,
    "config": {"m": 1},
    "classes": [
        {
            "code": "BAS",
            "target": 100,
            "prototypes": [
                {"share": 0.5, "n": 40, "plausible": 30, "accepted": 30},
                {"share": 0.3, "n": 24, "plausible": 6, "accepted": 6},
                {"share": 0.2, "n": 16.5, "plausible": 1.25, "accepted": 1},
            ],
        },
        {"code": "weiß & 1", "target": 100, "prototypes": [{"share": 1}]},
    ],
}


def run(tmp_path, document):
    path = tmp_path / "counts.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    out = StringIO()
    call_command("propose_plan", counts=str(path), json=True, stdout=out)
    return out.getvalue()


def test_prints_one_line_of_json(tmp_path):
    lines = run(tmp_path, GOOD).splitlines()

    answer = json.loads(lines[-1])
    cells = [cell for entry in answer["classes"] for cell in entry["prototypes"]]
    assert len(lines) == 1
    assert [entry["code"] for entry in answer["classes"]] == ["BAS", "weiß & 1"]
    assert all(set(cell) == {"show", "rate", "need", "escalated"} for cell in cells)
    assert answer["total"] == sum(cell["show"] for cell in cells) == 300


def test_reads_without_json_say_why(tmp_path, capsys):
    path = tmp_path / "counts.json"
    path.write_text(json.dumps(GOOD))

    call_command("propose_plan", counts=str(path))

    assert "short of half the natural share" in capsys.readouterr().out


def changed(**change):
    cell = {"share": 1, "n": 4, "plausible": 2, "accepted": 2} | change
    return {"budget": 10, "classes": [{"code": "A", "target": 5, "prototypes": [cell]}]}


BAD = [
    (changed(n=-1), "n is -1"),
    (changed(plausible=5), "only n = 4 were read"),
    (changed(share=0.0), "sum to 0"),
    (changed(n=1e12), "limits|from 0 to"),
    (changed(n="4"), "give a number"),
    (changed(n=None), "give a number"),
    (changed(n=True), "give a number"),
    (changed(plausibel=3), "unknown key 'plausibel'"),
    (changed() | {"config": {"rhoo": 1}}, "unknown key 'rhoo'"),
    (changed() | {"config": {"m": 0}}, "config.m is 0"),
    (changed() | {"config": {"policy": "greedy"}}, "choose one of"),
    (changed() | {"config": 3}, "not an object"),
    (changed() | {"budget": -1}, "budget is -1"),
    (changed() | {"budget": 10**9}, "budget is"),
    (changed() | {"budget": 2.5}, "whole number"),
    (changed() | {"classes": []}, "0 classes"),
    (changed() | {"classes": changed()["classes"] * 2}, "stands twice"),
    ({"classes": changed()["classes"]}, "no 'budget'"),
    ('{"budget": NaN, "classes": []}', "NaN"),
    ('{"budget": 1e999, "classes": []}', "whole number"),
    ('{"budget": ' + "9" * 5000 + "}", "too long"),
    ("[" * 100_000, "not JSON"),
    ("{", "not JSON"),
    ("[]", "not an object"),
    ({"budget": 1, "classes": [{"code": ["x"], "target": 1, "prototypes": []}]}, "non-empty"),
]


@pytest.mark.parametrize(("document", "message"), BAD)
def test_refuses_bad_input_in_words(tmp_path, document, message):
    with pytest.raises(CommandError, match=message):
        run(tmp_path, document)


def test_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("propose_plan", counts=str(tmp_path / "none.json"))
