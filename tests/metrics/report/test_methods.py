"""The methods paragraph and the checklists claim what the database knows, and no more."""

from metrics.report.checklists import checklist_rows
from metrics.report.facts import Facts
from metrics.report.methods import design_text, methods_text, readers_text
from tests.metrics.report.frames import HASH, facts_with

PART = {"order": 1, "kind": "plausibility", "show_intended_class": True, "session_count": 2}


def test_an_overridden_audit_is_told_with_its_reason() -> None:
    reason = "The cue is the dye of the newer batch."
    passed = facts_with(("gen", "synthetic"), blinding_audit=True)
    overridden = facts_with(("gen", "synthetic"), blinding_audit=True, blinding_override=reason)
    none = facts_with(("gen", "synthetic"))

    assert "passed before the start." in design_text(passed)
    assert f"found cues in the pictures; they were accepted with the reason “{reason}”" in (
        design_text(overridden)
    )
    assert "passed" not in design_text(none)
    answers = [row.answer for row in checklist_rows(overridden) if "constant byte" in row.answer]
    assert answers
    assert all(reason in answer for answer in answers)


def test_readers_of_unknown_training_are_the_authors_to_describe() -> None:
    seats = [{"code": "R01", "experience": "12 years"}, {"code": "R02", "experience": ""}]
    said = readers_text(facts_with(("gen", "synthetic"), readers=seats))
    assert said == (
        "2 readers had a seat (R01: 12 years; [author: training and experience of R02])."
    )


def test_what_readers_were_shown_and_each_method_once() -> None:
    facts = facts_with(("gen", "synthetic"), parts=[PART])
    assert "shown with its intended class, in 2 sessions." in design_text(facts)
    records = [{"method": "wilson 0.95"}, {"method": "newcombe 0.95; Fisher exact p"},
               {"method": "Fisher exact p"}, {"method": "refused"}]  # fmt: skip
    section = {"title": "Plausibility", "tables": [{"records": records}]}
    said = methods_text(facts, (section,), "1")
    assert "Plausibility: Wilson 95 %; Newcombe 95 %; Fisher exact p." in said


def test_an_overall_verdict_is_told_where_it_was_asked() -> None:
    asked = facts_with(("gen", "synthetic"), parts=[PART | {"gestalt": True}])
    silent = facts_with(("gen", "synthetic"), parts=[PART])
    words = "with an overall verdict asked after the criteria and kept apart from theirs"
    assert words in design_text(asked)
    assert words not in design_text(silent)


def test_no_image_is_called_removed_unless_assignments_were_voided() -> None:
    def sampling(void: int) -> str:
        flow = {"parts": [{"part": 1, "drawn": 12, "void": void, "cases": 12}]}
        facts = Facts(HASH, "T", {}, (), {}, flow=_whole(flow), raw={})
        return next(r.answer for r in checklist_rows(facts) if "recorded seed" in r.answer)

    assert sampling(0).endswith("none removed.")
    assert sampling(3).endswith("3 assignments voided later, see Flow.")


def _whole(flow: dict) -> dict:
    counts = ("assigned", "repeats", "controls", "calibration", "primary", "answered",
              "cannot_judge", "missing")  # fmt: skip
    return {"parts": [dict.fromkeys(counts, 0) | part for part in flow["parts"]]}
